package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"

	"github.com/hashicorp/vault/helper/versions"
	"github.com/hashicorp/vault/version"
)

const (
	enterprise = "ent"
	community  = "community"
)

var plainVersion = regexp.MustCompile(`^\d+\.\d+\.\d+$`)

// options is what the command line chose, checked.
type options struct {
	home        string
	listen      string
	public      string
	apiAddr     string
	version     string
	edition     string
	hideVersion bool
	switches    string
	masked      bool
}

func parseOptions(arguments []string) (options, error) {
	var chosen options
	flags := flag.NewFlagSet("lab-vault", flag.ContinueOnError)
	flags.StringVar(&chosen.home, "home", "", "folder for storage, seal key and root token")
	flags.StringVar(&chosen.listen, "listen", "", "loopback address to serve plain HTTP on")
	flags.StringVar(&chosen.public, "public", "", "loopback address to serve the issuers' documents on, and nothing else")
	flags.StringVar(&chosen.apiAddr, "api-addr", "", "address that clients and AWS reach this Vault by")
	flags.StringVar(&chosen.version, "version", version.Version, "version to report")
	flags.StringVar(&chosen.edition, "edition", enterprise, "edition to behave as: ent or community")
	flags.BoolVar(&chosen.hideVersion, "hide-version", false, "refuse to tell the version")
	flags.StringVar(&chosen.switches, "switches", "", "file of the laboratory's switches; moves the clock that dates tokens")
	flags.BoolVar(&chosen.masked, "masked", false, "let AWS keys of the environment mask federation, as a server's do")
	if err := flags.Parse(arguments); err != nil {
		return options{}, err
	}
	return chosen, chosen.validate(flags.Args())
}

// validate reports every problem at once, so that a person corrects the command line once.
func (o options) validate(rest []string) error {
	var problems []error
	if len(rest) > 0 {
		problems = append(problems, fmt.Errorf("unexpected arguments %q: only flags are allowed", rest))
	}
	if o.home == "" {
		problems = append(problems, errors.New("-home is missing: name the folder for Vault's storage"))
	}
	if !loopback(o.listen) {
		problems = append(problems, fmt.Errorf("-listen %q: must be a loopback address and a port, such as 127.0.0.1:8200", o.listen))
	}
	if o.public != "" && !loopback(o.public) {
		problems = append(problems, fmt.Errorf("-public %q: must be a loopback address and a port, such as 127.0.0.1:8201", o.public))
	}
	if !baseURL(o.apiAddr) {
		problems = append(problems, fmt.Errorf("-api-addr %q: must be scheme, host and optional port only, such as https://vault.lab.test", o.apiAddr))
	}
	if !plainVersion.MatchString(o.version) {
		problems = append(problems, fmt.Errorf("-version %q: must be three numbers, such as 1.21.0", o.version))
	}
	if o.edition != enterprise && o.edition != community {
		problems = append(problems, fmt.Errorf("-edition %q: must be %q or %q", o.edition, enterprise, community))
	}
	return errors.Join(problems...)
}

// loopback accepts literal addresses only: a name could resolve to anything.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// baseURL holds the API address to the rule that Vault itself has for `issuer`, because plugin
// issuers are built from either.
func baseURL(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil {
		return false
	}
	bare := url.URL{Scheme: parsed.Scheme, Host: parsed.Host}
	return *parsed == bare && (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != ""
}

func (o options) data() string {
	return filepath.Join(o.home, "data")
}

// pretendVersion must come before a core exists, which records the version it starts with.
func (o options) pretendVersion() {
	version.Version = o.version
	version.VersionPrerelease = ""
	version.VersionMetadata = ""
	if o.edition == enterprise {
		version.VersionMetadata = enterprise
	}
	versions.DefaultBuiltinVersion = fmt.Sprintf("v%s+%s.vault", o.version, versions.BuiltinMetadata)
}
