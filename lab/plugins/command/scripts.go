package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"

	"github.com/pulumi/pulumi/pkg/v3/resource/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// scripts are what runs, shown line by line where the engine's output is.
type scripts struct {
	engine  *provider.HostClient
	lock    sync.Mutex
	running map[*exec.Cmd]bool
}

// run runs the script of an operation, if there is one, and returns what stdout and stderr hold
// from then on. The error of a script that fails does not quote it: a secret may stand in it.
func (s *scripts) run(
	ctx context.Context, urn resource.URN, inputs map[string]any, operation string, before map[string]any,
) (map[string]string, error) {
	printed := map[string]string{}
	for _, stream := range []string{"stdout", "stderr"} {
		printed[stream], _ = before[stream].(string)
	}
	script, found := inputs[operation].(string)
	if !found && operation == "update" {
		script, found = inputs["create"].(string)
	}
	if !found {
		return printed, nil
	}
	interpreter := []string{"/bin/sh", "-c"}
	if given, _ := inputs["interpreter"].([]any); len(given) > 0 {
		interpreter = nil
		for _, word := range given {
			interpreter = append(interpreter, fmt.Sprint(word))
		}
	}
	command := exec.Command(interpreter[0], append(interpreter[1:], script)...)
	command.Dir, _ = inputs["dir"].(string)
	command.Env = environment(inputs, printed)
	stdin, _ := inputs["stdin"].(string)
	command.Stdin = strings.NewReader(stdin)
	return s.execute(ctx, urn, command, logged(inputs))
}

func environment(inputs map[string]any, printed map[string]string) []string {
	all := os.Environ()
	given, _ := inputs["environment"].(map[string]any)
	for name, value := range given {
		all = append(all, fmt.Sprintf("%s=%v", name, value))
	}
	if wanted, told := inputs["addPreviousOutputInEnv"].(bool); wanted || !told {
		for stream, text := range printed {
			if text != "" {
				all = append(all, "PULUMI_COMMAND_"+strings.ToUpper(stream)+"="+text)
			}
		}
	}
	return all
}

// logged tells which streams are shown while a script runs.
func logged(inputs map[string]any) string {
	if given, told := inputs["logging"].(string); told {
		return strings.ToLower(given)
	}
	return "stdoutandstderr"
}

func (s *scripts) execute(
	ctx context.Context, urn resource.URN, command *exec.Cmd, shown string,
) (map[string]string, error) {
	var order sync.Mutex
	var everything strings.Builder
	collect := func(stream string) (*line, *strings.Builder) {
		own := &strings.Builder{}
		return &line{say: func(text string) {
			order.Lock()
			defer order.Unlock()
			own.WriteString(text)
			everything.WriteString(text)
			if s.engine != nil && strings.Contains(shown, stream) {
				_ = s.engine.Log(ctx, diag.Info, urn, strings.TrimSuffix(text, "\n"))
			}
		}}, own
	}
	out, stdout := collect("stdout")
	err, stderr := collect("stderr")
	command.Stdout, command.Stderr = out, err
	if failure := command.Start(); failure != nil {
		return nil, fmt.Errorf("cannot run %q: %w", command.Path, failure)
	}
	s.keep(command, true)
	defer s.keep(command, false)
	failure := command.Wait()
	out.rest()
	err.rest()
	var ended *exec.ExitError
	if errors.As(failure, &ended) {
		return nil, fmt.Errorf("the script ended with status %d:\n%s", status(ended), everything.String())
	}
	if failure != nil {
		return nil, failure
	}
	return map[string]string{
		"stdout": strings.TrimSuffix(stdout.String(), "\n"),
		"stderr": strings.TrimSuffix(stderr.String(), "\n"),
	}, nil
}

func status(ended *exec.ExitError) int {
	if waited, ok := ended.Sys().(syscall.WaitStatus); ok && waited.Signaled() {
		return -int(waited.Signal())
	}
	return ended.ExitCode()
}

func (s *scripts) keep(command *exec.Cmd, running bool) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if running {
		s.running[command] = true
	} else {
		delete(s.running, command)
	}
}

func (s *scripts) end() {
	s.lock.Lock()
	defer s.lock.Unlock()
	for command := range s.running {
		_ = command.Process.Signal(syscall.SIGTERM)
	}
}

// line hands on what is written to it line by line.
type line struct {
	say     func(string)
	pending string
}

func (l *line) Write(written []byte) (int, error) {
	l.pending += string(written)
	for {
		whole, rest, found := strings.Cut(l.pending, "\n")
		if !found {
			return len(written), nil
		}
		l.say(whole + "\n")
		l.pending = rest
	}
}

func (l *line) rest() {
	if l.pending != "" {
		l.say(l.pending)
		l.pending = ""
	}
}
