// Command dist builds a release: for each platform an archive with the program, its manual page and shell completions, and an
// SBOM (CycloneDX); and the checksums of all files. The same commit and the same version of Go produce the same bytes on any
// machine, except for SBOMs, which depend on its platform.
//
//	dist [-C DIR] [-o DIR] [-platforms LIST] [-sbom=false] VERSION
package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

const (
	program = "portkey-integration"
	all     = "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64"
	sbom    = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"
)

func main() {
	root := flag.String("C", "..", "the `directory` of the repository")
	out := flag.String("o", "dist", "the `directory` to write to, within the repository; its contents are removed")
	platforms := flag.String("platforms", all, "the platforms, a `list` of GOOS/GOARCH; host is this machine's")
	bills := flag.Bool("sbom", true, "write the SBOMs, for which a tool is built")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: dist [-C DIR] [-o DIR] [-platforms LIST] [-sbom=false] VERSION")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	list := strings.Split(strings.ReplaceAll(*platforms, "host", runtime.GOOS+"/"+runtime.GOARCH), ",")
	if err := run(*root, *out, flag.Arg(0), list, *bills); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

func run(root, out, version string, platforms []string, bills bool) error {
	if !semver.IsValid(version) {
		return fmt.Errorf("%q is not a version: want one such as v0.2.0", version)
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	out = filepath.Join(root, out)
	work, err := os.MkdirTemp("", "dist-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o755)); err != nil {
		return err
	}
	made, err := commitTime(root)
	if err != nil {
		return err
	}
	here := filepath.Join(work, "here")
	if err := build(root, here, runtime.GOOS+"/"+runtime.GOARCH, version); err != nil {
		return err
	}
	common, err := documents(root, here)
	if err != nil {
		return err
	}
	for _, platform := range platforms {
		name := fmt.Sprintf("%s_%s_%s", program, version[1:], strings.ReplaceAll(platform, "/", "_"))
		binary := filepath.Join(work, name)
		if err := build(root, binary, platform, version); err != nil {
			return err
		}
		text, err := os.ReadFile(binary)
		if err != nil {
			return err
		}
		files := append(slices.Clone(common), file{program + suffix(platform), text, 0o755})
		if err := archive(filepath.Join(out, name), platform, name, files, made); err != nil {
			return err
		}
		if !bills {
			continue
		}
		if err := bill(root, binary, filepath.Join(out, name+".cdx.json"), version); err != nil {
			return err
		}
	}
	return checksums(out)
}

// commitTime is the time of the commit, and of every file in the archives.
func commitTime(root string) (time.Time, error) {
	seconds := os.Getenv("SOURCE_DATE_EPOCH")
	if seconds == "" {
		text, err := output(root, nil, "git", "log", "-1", "--format=%ct")
		if err != nil {
			return time.Time{}, err
		}
		seconds = strings.TrimSpace(string(text))
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	return time.Unix(n, 0).UTC(), err
}

// build makes the binary independent of the machine: its paths, the state of the clone and its settings.
func build(root, binary, platform, version string) error {
	system, processor, ok := strings.Cut(platform, "/")
	if !ok {
		return fmt.Errorf("%q is not a platform: want one such as linux/amd64", platform)
	}
	fmt.Println("building", platform)
	_, err := output(root, []string{"CGO_ENABLED=0", "GOOS=" + system, "GOARCH=" + processor, "GOAMD64=v1", "GOARM64=v8.0",
		"GOFLAGS=", "GOEXPERIMENT=", "GODEBUG=", "GOFIPS140=off", "GOWORK=off"},
		"go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version="+version, "-o", binary, "./cmd/"+program)
	return err
}

type file struct {
	name string
	text []byte
	mode int64
}

// documents are the files in the archives of all platforms. The program writes its own manual and completions.
func documents(root, binary string) ([]file, error) {
	var files []file
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, text, 0o644})
	}
	for name, arguments := range map[string][]string{
		"man/man1/" + program + ".1":       {"man"},
		"completions/" + program:           {"completion", "bash"},
		"completions/_" + program:          {"completion", "zsh"},
		"completions/" + program + ".fish": {"completion", "fish"},
		"completions/" + program + ".ps1":  {"completion", "powershell"},
	} {
		text, err := output(root, nil, binary, arguments...)
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, text, 0o644})
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return files, nil
}

func suffix(platform string) string {
	if strings.HasPrefix(platform, "windows/") {
		return ".exe"
	}
	return ""
}

// archive writes a zip archive for Windows and a tar.gz for other platforms, with one directory in it.
func archive(path, platform, folder string, files []file, made time.Time) error {
	var b bytes.Buffer
	extension, write := ".tar.gz", writeTar
	if strings.HasPrefix(platform, "windows/") {
		extension, write = ".zip", writeZip
	}
	if err := write(&b, folder, files, made); err != nil {
		return err
	}
	return os.WriteFile(path+extension, b.Bytes(), 0o644)
}

func writeTar(b *bytes.Buffer, folder string, files []file, made time.Time) error {
	compressed, err := gzip.NewWriterLevel(b, gzip.BestCompression)
	if err != nil {
		return err
	}
	w := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Name: folder + "/" + f.name, Size: int64(len(f.text)), Mode: f.mode, ModTime: made, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		if _, err := w.Write(f.text); err != nil {
			return err
		}
	}
	return errors.Join(w.Close(), compressed.Close())
}

func writeZip(b *bytes.Buffer, folder string, files []file, made time.Time) error {
	w := zip.NewWriter(b)
	for _, f := range files {
		header := &zip.FileHeader{Name: folder + "/" + f.name, Method: zip.Deflate, Modified: made}
		header.SetMode(os.FileMode(f.mode))
		entry, err := w.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.text); err != nil {
			return err
		}
	}
	return w.Close()
}

// bill writes the SBOM of a binary: its modules, by its own build information.
func bill(root, binary, file, version string) error {
	_, err := output(root, []string{"GOFLAGS="}, "go", "run", "-trimpath", sbom, "bin", "-json", "-std", "-noserial", "-notimestamp",
		"-version", version, "-output", file, binary)
	return err
}

// checksums writes SHA256SUMS, for sha256sum --check.
func checksums(out string) error {
	entries, err := os.ReadDir(out)
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(out, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(text), entry.Name())
	}
	fmt.Printf("\n%s\n%s", out, &sums)
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

func output(dir string, environment []string, name string, arguments ...string) ([]byte, error) {
	command := exec.Command(name, arguments...)
	command.Dir, command.Env = dir, append(os.Environ(), environment...)
	out, err := command.Output()
	if failure, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("%s: %w\n%s", command, err, failure.Stderr)
	}
	return out, err
}
