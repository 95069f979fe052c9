package coffee

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/coffee/action"
)

var itemTypes = []string{"item", "drink", "dish", "product", "menu_item", "food"}

// namedStore gives the store the user named, else the one the conversation is about.
func namedStore(request *action.Request) *store {
	if entity, named := request.Entity("store_name", "store"); named {
		return findStore(entity.Names()...)
	}
	return findStore(action.Text(request.Frame("store")))
}

func namedItem(request *action.Request) (found *item, named bool) {
	entity, named := request.Entity(itemTypes...)
	return findItem(entity.Names()...), named
}

func getStoreHours(_ context.Context, request *action.Request, responder *action.Responder) error {
	store := namedStore(request)
	if store == nil {
		responder.Reply("Which store do you mean?")
		responder.Suggest(storeNames()...)
		return nil
	}
	responder.Frame["store"] = store.name
	responder.Slots["store"], responder.Slots["store_name"] = store.name, store.name
	moment, asked := askedTime(request)
	if !asked {
		responder.Slots["hours"] = store.weekdays.String()
		responder.Reply(fmt.Sprintf("%s is open %s on weekdays and %s at the weekend.",
			store.name, store.weekdays, store.weekend))
		return nil
	}
	open := store.weekdays
	if day := moment.Weekday(); day == time.Saturday || day == time.Sunday {
		open = store.weekend
	}
	word := "closed"
	if open.opens <= moment.Hour() && moment.Hour() < open.closes {
		word = "open"
	}
	responder.Slots["hours"] = open.String()
	responder.Reply(fmt.Sprintf("%s is %s on %s; that day's hours are %s.",
		store.name, word, moment.Format("Monday at 15:04"), open))
	return nil
}

func findNearestStore(_ context.Context, _ *action.Request, responder *action.Responder) error {
	nearest := slices.MinFunc(stores, func(a, b store) int { return cmp.Compare(a.miles, b.miles) })
	known := map[string]any{}
	for _, store := range stores {
		known[store.name] = 1.0
	}
	responder.Frame["store"] = nearest.name
	responder.Slots["store"], responder.Slots["store_name"] = nearest.name, nearest.name
	responder.Slots["miles"] = nearest.miles
	responder.Params.DynamicResource = map[string]any{"gazetteers": map[string]any{"store_name": known}}
	responder.Reply(fmt.Sprintf("The nearest store is %s, %.1f miles away.", nearest.name, nearest.miles))
	return nil
}

func findStoreNext(_ context.Context, request *action.Request, responder *action.Responder) error {
	responder.Params.TargetDialogueState = "get_store_hours"
	if next := action.Text(request.Context("next_state")); next != "" {
		responder.Params.TargetDialogueState = next
	}
	responder.Params.AllowedIntents = []string{"store_info.get_store_hours", "store_info.find_nearest_store"}
	responder.Reply("Which store?")
	responder.Suggest(storeNames()...)
	return nil
}

func listStores(_ context.Context, _ *action.Request, responder *action.Responder) error {
	var items []any
	for _, store := range stores {
		items = append(items, map[string]string{
			"id":    store.id,
			"title": store.name,
			"desc":  fmt.Sprintf("%s, %.1f miles", store.weekdays, store.miles),
		})
	}
	var offers []string
	for _, store := range stores[:3] {
		offers = append(offers, fmt.Sprintf("When is %s open?", store.name))
	}
	responder.Slots["count"] = len(stores)
	responder.Reply(fmt.Sprintf("We have %d stores.", len(stores)))
	responder.List(items)
	responder.Suggest(offers...)
	return nil
}

func checkStock(_ context.Context, request *action.Request, responder *action.Responder) error {
	store := namedStore(request)
	if store == nil {
		store = &stores[0]
	}
	responder.Slots["store"] = store.name
	item, _ := namedItem(request)
	if item == nil {
		responder.Slots["in_stock"] = len(menu) - len(store.soldOut)
		if len(store.soldOut) == 0 {
			responder.Reply(store.name + " has everything on the menu.")
		} else {
			responder.Reply(fmt.Sprintf("%s is out of %s.", store.name, strings.Join(store.soldOut, ", ")))
		}
		return nil
	}
	available, verb := true, "has"
	if slices.Contains(store.soldOut, item.name) {
		available, verb = false, "is out of"
	}
	responder.Slots["item"], responder.Slots["available"] = item.name, available
	responder.Reply(fmt.Sprintf("%s %s %s.", store.name, verb, item.name))
	return nil
}

func storeNames() []string {
	var names []string
	for _, store := range stores {
		names = append(names, store.name)
	}
	return names
}

// askedTime gives the first time that the user named, in the time zone it was sent with.
func askedTime(request *action.Request) (time.Time, bool) {
	for _, entity := range request.Entities {
		if entity.Type != "sys_time" {
			continue
		}
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
			if moment, err := time.Parse(layout, entity.Name()); err == nil {
				return moment, true
			}
		}
	}
	return time.Time{}, false
}
