package main

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/portkey-integration/portkey-integration-go/contracttest"
)

const containerfile = "deploy/Containerfile"

// TestContainer follows deploy/Containerfile without a builder, since not every machine has one: the files that it
// copies exist, and its build command produces a program that needs no other file and that serves as a user other than
// root in an empty file system. If PORTKEY_BUILDER names a builder, such as docker, the test builds the image with it
// too.
func TestContainer(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program")
	}
	t.Parallel()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	steps := instructions(t, filepath.Join(root, containerfile))
	last := func(name string) string {
		i := slices.IndexFunc(steps, func(s [2]string) bool { return s[0] == name })
		for j := range steps {
			if steps[j][0] == name {
				i = j
			}
		}
		if i < 0 {
			t.Fatalf("there is no %s", name)
		}
		return steps[i][1]
	}

	// The toolchain is that of go.mod, and the image starts from scratch.
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(mod))[1]
	if want := "golang:" + version + " AS build"; steps[0] != [2]string{"FROM", want} {
		t.Errorf("got the first stage %q, want FROM %s", steps[0], want)
	}
	if got := last("FROM"); got != "scratch" {
		t.Errorf("got the last stage FROM %s, want scratch", got)
	}
	user := strings.Split(last("USER"), ":")
	uid, err := strconv.ParseUint(user[0], 10, 32)
	if err != nil || uid == 0 || len(user) != 2 {
		t.Errorf("got USER %s, want numbers that are not root's: scratch knows no names", user)
	}

	// The copied files exist, and .dockerignore excludes nothing that the build needs.
	var build, copied string
	for _, s := range steps {
		fields := strings.Fields(s[1])
		switch {
		case s[0] == "RUN" && strings.Contains(s[1], "go build"):
			build = s[1]
		case s[0] == "COPY" && fields[0] == "--from=build":
			if fields[2] == entrypoint(t, last("ENTRYPOINT"))[0] {
				copied = fields[1]
			} else if fields[1] != "/etc/ssl/certs/ca-certificates.crt" { // Part of the golang image, which is based on Debian.
				t.Errorf("COPY %s: unknown file", s[1])
			}
		case s[0] == "COPY":
			for _, source := range fields[:len(fields)-1] {
				if _, err := os.Stat(filepath.Join(root, source)); err != nil {
					t.Errorf("COPY %s: %v", s[1], err)
				}
			}
		}
	}
	ignored, err := os.ReadFile(filepath.Join(root, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range strings.Fields(goCommand(t, root, "list", "-deps", "-f", "{{if not .Standard}}{{.Dir}}{{end}}", "./cmd/portkey-integration")) {
		inside, err := filepath.Rel(root, dir)
		if top, _, _ := strings.Cut(inside, "/"); err == nil && slices.Contains(strings.Fields(string(ignored)), top) {
			t.Errorf(".dockerignore leaves out %s, of which the program is built", inside)
		}
	}

	// The build command, with another path for its output.
	image := t.TempDir()
	if err := os.Chmod(image, 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(image, "portkey-integration")
	if copied == "" || strings.Count(build, " "+copied+" ") != 1 {
		t.Fatalf("RUN %s does not build what is copied, %q", build, copied)
	}
	command := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(build, copied, program, 1))
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("RUN %s: %v\n%s", build, err, out)
	}
	binary, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	libraries, _ := binary.ImportedLibraries()
	for _, p := range binary.Progs {
		if p.Type == elf.PT_INTERP || len(libraries) > 0 {
			t.Fatalf("the program is not static: %q", libraries)
		}
	}

	// It serves under a name that exists only in the container's network.
	args := entrypoint(t, last("CMD"))
	i := slices.Index(args, ":4010")
	if i < 0 || !strings.Contains(last("EXPOSE"), "4010") {
		t.Fatalf("CMD %q does not listen on the port that EXPOSE %s names", args, last("EXPOSE"))
	}
	args[i] = ":0"
	run := exec.CommandContext(t.Context(), program, args...)
	run.Env = []string{}
	if os.Geteuid() == 0 {
		gid, _ := strconv.ParseUint(user[1], 10, 32)
		run.Path, run.Dir = entrypoint(t, last("ENTRYPOINT"))[0], "/"
		run.SysProcAttr = &syscall.SysProcAttr{Chroot: image, Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var messages syncBuffer
	run.Stderr = &messages
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	welcome := bufio.NewScanner(out)
	port := ""
	for port == "" && welcome.Scan() {
		if match := regexp.MustCompile(`base URL .*:(\d+)/v1$`).FindStringSubmatch(welcome.Text()); match != nil {
			port = match[1]
		}
	}
	if port == "" {
		t.Fatalf("it does not serve: %s", &messages)
	}
	go func() {
		for welcome.Scan() {
		}
	}()
	s := &served{origin: "http://127.0.0.1:" + port}
	header := withKey(contracttest.DefaultAPIKey)
	header.Set("Host", "control-plane")
	if resp, _ := s.get(t, "/v1/integrations/rich", header); resp.StatusCode != http.StatusOK {
		t.Errorf("got status code %d, want 200", resp.StatusCode)
	}
	if err := run.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := run.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, &messages)
	}

	if builder := os.Getenv("PORTKEY_BUILDER"); builder != "" {
		command := exec.CommandContext(t.Context(), builder, "build", "-f", containerfile, "-t", "portkey-integration:test", ".")
		command.Dir = root
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", builder, err, out)
		}
	}
}

// instructions returns the instructions of a Containerfile, each with its arguments.
func instructions(t *testing.T, path string) (steps [][2]string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.ReplaceAll(string(content), "\\\n", "")) {
		if name, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok && !strings.HasPrefix(name, "#") {
			steps = append(steps, [2]string{name, rest})
		}
	}
	return steps
}

// entrypoint reads the JSON form of ENTRYPOINT and CMD: scratch has no shell for the other form.
func entrypoint(t *testing.T, text string) (args []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &args); err != nil || len(args) == 0 {
		t.Fatal(fmt.Errorf("%s is not in JSON form: %w", text, err))
	}
	return args
}

func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = dir
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
