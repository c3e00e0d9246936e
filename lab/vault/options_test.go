package main

import (
	"strings"
	"testing"
)

func TestEveryWrongFlagIsReportedAtOnce(t *testing.T) {
	_, err := parseOptions([]string{
		"-listen", "0.0.0.0:8200", "-api-addr", "https://vault.lab.test/", "-version", "1.21", "-edition", "oss", "extra",
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{"-home", "-listen", "-api-addr", "-version", "-edition", "extra"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in: %v", part, err)
		}
	}
}

func TestOnlyLoopbackAddressesAreServed(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:8200": true, "[::1]:8200": true,
		":8200": false, "0.0.0.0:8200": false, "localhost:8200": false, "192.0.2.1:8200": false, "127.0.0.1": false,
	} {
		if got := loopback(address); got != want {
			t.Errorf("loopback(%q) = %v", address, got)
		}
	}
}

func TestCredentialsInTheEnvironmentAreRefusedByNameAlone(t *testing.T) {
	unused := func(string, string) error { t.Error("changed the environment"); return nil }
	err := confineAWS([]string{"AWS_PROFILE=main", "AWS_REGION=eu-west-1", "AWS_SECRET_ACCESS_KEY=not-a-key", "HOME=/"}, false, unused)
	if err == nil || !strings.Contains(err.Error(), "AWS_PROFILE, AWS_SECRET_ACCESS_KEY") {
		t.Errorf("refusal does not name the variables: %v", err)
	}
	if err != nil && strings.Contains(err.Error(), "not-a-key") {
		t.Error("refusal tells the secret")
	}
}

func TestEveryOtherSourceOfCredentialsIsClosed(t *testing.T) {
	changed := map[string]string{}
	keep := func(name, value string) error { changed[name] = value; return nil }
	if err := confineAWS([]string{"AWS_CA_BUNDLE=ca.pem"}, false, keep); err != nil {
		t.Fatal(err)
	}
	if changed["AWS_EC2_METADATA_DISABLED"] != "true" || changed["AWS_SHARED_CREDENTIALS_FILE"] == "" {
		t.Errorf("environment became %v", changed)
	}
}

func TestAMaskedServerKeepsItsKeysAndNoOtherSource(t *testing.T) {
	changed := map[string]string{}
	keep := func(name, value string) error { changed[name] = value; return nil }
	if err := confineAWS([]string{"AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=not-a-key"}, true, keep); err != nil {
		t.Fatal(err)
	}
	if _, taken := changed["AWS_SECRET_ACCESS_KEY"]; taken || changed["AWS_CONFIG_FILE"] == "" {
		t.Errorf("environment became %v", changed)
	}
}
