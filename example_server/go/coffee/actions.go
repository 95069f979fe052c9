// Package coffee holds the sample actions: a few coffee shops, their menu and their guests.
package coffee

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"time"

	"example.com/coffee/action"
)

const longest = 30 * time.Second

// Register adds the sample actions to a server.
func Register(server *action.Server) {
	// Every action but charge_card may be repeated: what they change is in the frame, which the app keeps.
	repeatable := func(name, description string, handler action.Handler, intents ...string) {
		server.Handle(
			action.Info{Name: name, Description: description, Idempotent: true, Intents: intents}, handler)
	}
	repeatable("get_store_hours", "Say when a store is open, or whether it is at the time asked for.",
		getStoreHours, "store_info.get_store_hours")
	repeatable("find_nearest_store", "Name the nearest store, and keep it for the turns to come.",
		findNearestStore, "store_info.find_nearest_store")
	repeatable("find_store", "Ask for a store, and steer the next turn to the answer.", findStoreNext)
	repeatable("list_stores", "Show every store as a list, with suggestions.", listStores)
	repeatable("check_stock", "Say whether a store has what the user asks for.", checkStock)
	repeatable("set_time_zone", "Set the time zone of the turns to come.", setTimeZone)
	repeatable("set_language", "Set language and locale of the turns to come.", setLanguage)
	repeatable("start_order", "Begin an order, at the store the conversation is about.", startOrder)
	repeatable("add_to_order", "Add what the user names to the order in the frame.", addToOrder)
	repeatable("price_order", "Say what the order costs.", priceOrder)
	repeatable("confirm_order", "Close the order; an empty one cannot be.", confirmOrder)
	server.Handle(action.Info{
		Name: "charge_card", Description: "Fail, as services of third parties do."}, chargeCard)
	repeatable("loyalty_points", "Say how many points the user has.", loyaltyPoints)
	repeatable("recommend_drink", "Recommend something to drink.", recommendDrink)
	repeatable("open_session", "Greet, and set up the session.", openSession)
	repeatable("fail", "Fail, always, with a 500.", fail)
	repeatable("refuse", "Refuse, always, with a 422.", refuse)
	server.Handle(action.Info{
		Name:        "slow",
		Description: "Answer after request.context.delay_ms milliseconds, thirty seconds at most.",
		Idempotent:  true,
		TimeoutMS:   int(longest.Milliseconds()),
	}, slow)
}

// Invoking answers for any name, as MindMeld's sample server does.
func Invoking(_ context.Context, request *action.Request, responder *action.Responder) error {
	responder.Reply(fmt.Sprintf("Invoking %s on custom server.", request.Action))
	return nil
}

func fail(context.Context, *action.Request, *action.Responder) error {
	return &action.Problem{Status: http.StatusInternalServerError, Detail: "This action always fails."}
}

func refuse(context.Context, *action.Request, *action.Responder) error {
	return action.NewProblem(http.StatusUnprocessableEntity, "refused", "Refused", "This action refuses every request.")
}

func slow(ctx context.Context, request *action.Request, responder *action.Responder) error {
	delay := time.Second
	if asked, isNumber := request.Context("delay_ms").(json.Number); isNumber {
		milliseconds, _ := asked.Float64() // one that is out of range is infinite
		milliseconds = math.Min(math.Max(milliseconds, 0), float64(longest.Milliseconds()))
		delay = time.Duration(milliseconds * float64(time.Millisecond))
	}
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return ctx.Err()
	}
	responder.Reply(fmt.Sprintf("That took %d ms.", delay.Round(time.Millisecond).Milliseconds()))
	return nil
}
