// What GitOps tools make of a resource: Flux by the libraries that it is built with, kstatus and its health check
// expressions, Argo CD by a health check in Lua. Reads resources from standard input, one JSON object a line; writes one
// verdict a line, in the same order.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type verdict struct {
	Flux        string `json:"flux"`
	FluxMessage string `json:"fluxMessage"`
	FluxByExprs string `json:"fluxByExprs"`
	Argo        string `json:"argo"`
	ArgoMessage string `json:"argoMessage"`
}

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: judge HEALTH.LUA EXPRESSIONS <RESOURCES"))
	}
	script, err := os.ReadFile(os.Args[1])
	if err != nil {
		fail(err)
	}
	evaluator, err := expressions(os.Args[2])
	if err != nil {
		fail(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 4<<20)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		resource := &unstructured.Unstructured{}
		if err := resource.UnmarshalJSON(lines.Bytes()); err != nil {
			fail(err)
		}
		result, err := status.Compute(resource)
		if err != nil {
			fail(err)
		}
		byExprs := "Unknown"
		if answer, err := evaluator.Evaluate(context.Background(), resource); err == nil {
			byExprs = answer.Status.String()
		}
		health, message, err := argoHealth(string(script), resource)
		if err != nil {
			fail(err)
		}
		answer := verdict{
			Flux: result.Status.String(), FluxMessage: result.Message, FluxByExprs: byExprs,
			Argo: health, ArgoMessage: message,
		}
		if err := answers.Encode(answer); err != nil {
			fail(err)
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

// expressions reads an entry of spec.healthCheckExprs of a Kustomization, as JSON.
func expressions(text string) (*cel.StatusEvaluator, error) {
	check := kustomize.CustomHealthCheck{}
	if err := json.Unmarshal([]byte(text), &check); err != nil {
		return nil, err
	}
	return cel.NewStatusEvaluator(&check.HealthCheckExpressions)
}

// argoHealth runs a health check as Argo CD does: a global obj, no library but base, table and package (so no string
// functions), one second, and a table with status and message as the answer. What is being deleted is not asked about. What is being deleted it does not ask.
func argoHealth(script string, resource *unstructured.Unstructured) (string, string, error) {
	if resource.GetDeletionTimestamp() != nil {
		return "Progressing", "Pending deletion", nil
	}
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.LoadLibName: lua.OpenPackage,
		lua.BaseLibName: lua.OpenBase,
		lua.TabLibName:  lua.OpenTable,
	} {
		call := lua.P{Fn: state.NewFunction(open), Protect: true}
		if err := state.CallByParam(call, lua.LString(name)); err != nil {
			return "", "", err
		}
	}
	limit, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state.SetContext(limit)
	state.SetGlobal("obj", toLua(state, resource.Object))
	if err := state.DoString(script); err != nil {
		return "", "", err
	}
	answer, isTable := state.Get(-1).(*lua.LTable)
	if !isTable {
		return "", "", fmt.Errorf("the health check returned %s, not a table", state.Get(-1).Type())
	}
	return lua.LVAsString(answer.RawGetString("status")), lua.LVAsString(answer.RawGetString("message")), nil
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch known := value.(type) {
	case bool:
		return lua.LBool(known)
	case string:
		return lua.LString(known)
	case int64:
		return lua.LNumber(known)
	case float64:
		return lua.LNumber(known)
	case []any:
		table := state.CreateTable(len(known), 0)
		for _, item := range known {
			table.Append(toLua(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(known))
		for key, item := range known {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	}
	return lua.LNil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
