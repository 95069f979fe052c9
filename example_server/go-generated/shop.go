package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"example.com/actions"
)

type store struct {
	name  string
	miles float64
}

var stores = []store{
	{"Lantern Street", 0.4},
	{"Foundry", 0.9},
	{"Old Harbour", 1.2},
}

// Shop is the part that is written by hand: what the interface of the stubs asks for.
type Shop struct{}

// InvokeAction carries out an action; headers that it does not need come as strings and are ignored.
func (Shop) InvokeAction(
	_ context.Context, invocation actions.Invocation, _, _, _, _, _ string,
) (actions.ImplResponse, error) {
	if invocation.Action == "" {
		return actions.Response(http.StatusBadRequest, nil), errors.New("the action has no name")
	}
	action, known := map[string]func(*actions.Responder){
		"find_nearest_store": findNearestStore,
		"list_stores":        listStores,
	}[invocation.Action]
	if !known {
		return actions.Response(http.StatusNotFound, nil), fmt.Errorf("there is no action %q", invocation.Action)
	}
	// The answer holds what the action adds, not what was sent; only what stock MindMeld would forget is repeated.
	given := invocation.Responder.Params
	answer := actions.Responder{Params: actions.Params{
		TargetDialogueState: given.TargetDialogueState,
		TimeZone:            given.TimeZone,
		Language:            given.Language,
		Locale:              given.Locale,
		Timestamp:           given.Timestamp,
	}}
	action(&answer)
	return actions.Response(http.StatusOK, answer), nil
}

func findNearestStore(answer *actions.Responder) {
	nearest := stores[0]
	reply(answer, fmt.Sprintf("The nearest store is %s, %.1f miles away.", nearest.name, nearest.miles))
	answer.Frame = map[string]any{"store": nearest.name}
	answer.Slots = map[string]any{"store": nearest.name, "miles": nearest.miles}
}

func listStores(answer *actions.Responder) {
	reply(answer, fmt.Sprintf("We have %d stores.", len(stores)))
	items := make([]map[string]any, 0, len(stores))
	for _, each := range stores {
		items = append(items, map[string]any{"title": each.name})
	}
	answer.Directives = append(answer.Directives, actions.Directive{Name: "list", Type: "view", Payload: items})
}

func reply(answer *actions.Responder, text string) {
	answer.Directives = append(answer.Directives, actions.Directive{
		Name: "reply", Type: "view", Payload: map[string]any{"text": text},
	})
}
