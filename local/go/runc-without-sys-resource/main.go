// A stand-in for runc on machines where root lacks CAP_SYS_RESOURCE, as inside some virtual machines and CI
// containers. There a privileged container fails to start, because runc asks for every capability it knows, and
// a negative oom_score_adj is refused by the kernel. This program takes both out of the files that runc is about
// to read and then becomes runc.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const missing = "CAP_SYS_RESOURCE"

func main() {
	runc, err := exec.LookPath("runc")
	if err == nil {
		err = adapt(os.Args[1:])
	}
	if err == nil {
		err = syscall.Exec(runc, append([]string{"runc"}, os.Args[1:]...), os.Environ())
	}
	fmt.Fprintln(os.Stderr, "runc-without-sys-resource:", err)
	os.Exit(1)
}

// adapt rewrites the bundle's config.json (create, run) or the process file (exec).
func adapt(args []string) error {
	bundle, process, verb := ".", "", ""
	for i, arg := range args {
		value := func(name string) (string, bool) {
			if v, ok := strings.CutPrefix(arg, name+"="); ok {
				return v, true
			}
			if arg == name && i+1 < len(args) {
				return args[i+1], true
			}
			return "", false
		}
		if v, ok := value("--bundle"); ok {
			bundle = v
		} else if v, ok := value("-b"); ok {
			bundle = v
		} else if v, ok := value("--process"); ok {
			process = v
		} else if v, ok := value("-p"); ok {
			process = v
		} else if verb == "" && (arg == "create" || arg == "run" || arg == "exec") {
			verb = arg
		}
	}
	switch {
	case verb == "create" || verb == "run":
		return rewrite(filepath.Join(bundle, "config.json"), func(spec map[string]any) {
			if p, ok := spec["process"].(map[string]any); ok {
				lower(p)
			}
		})
	case verb == "exec" && process != "":
		return rewrite(process, lower)
	}
	return nil
}

func rewrite(path string, change func(map[string]any)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber() // limits are 64-bit integers, which a float64 would round
	document := map[string]any{}
	if err := decoder.Decode(&document); err != nil {
		return err
	}
	change(document)
	if text, err = json.Marshal(document); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

func lower(process map[string]any) {
	if sets, ok := process["capabilities"].(map[string]any); ok {
		for name, set := range sets {
			list, _ := set.([]any)
			kept := []any{}
			for _, capability := range list {
				if capability != missing {
					kept = append(kept, capability)
				}
			}
			sets[name] = kept
		}
	}
	if score, ok := process["oomScoreAdj"].(json.Number); ok && strings.HasPrefix(string(score), "-") {
		process["oomScoreAdj"] = 0
	}
}
