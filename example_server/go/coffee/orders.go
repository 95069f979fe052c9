package coffee

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"example.com/coffee/action"
)

const mostOfOne = 50

func startOrder(_ context.Context, request *action.Request, responder *action.Responder) error {
	order, where := map[string]any{"status": "open", "items": []any{}, "total": 0}, ""
	if store := namedStore(request); store != nil {
		order["store"] = store.name
		where = " at " + store.name
	}
	responder.Frame["order"] = order
	responder.Slots["count"], responder.Slots["total"] = 0, dollars(0)
	responder.Reply(fmt.Sprintf("I started an order%s. What would you like?", where))
	responder.Suggest("a large latte", "two cappuccinos")
	return nil
}

func addToOrder(_ context.Context, request *action.Request, responder *action.Responder) error {
	item, named := namedItem(request)
	if !named {
		responder.Reply("What would you like?")
		responder.Suggest(menu[0].name, menu[1].name, menu[2].name)
		return nil
	}
	if item == nil {
		responder.Reply("I am sorry, that is not on our menu.")
		responder.Suggest("What do you have?")
		return nil
	}
	wish := read(request, *item)
	line := map[string]any{
		"item": item.name, "size": wish.size, "quantity": wish.quantity, "price": inDollars(wish.each()),
	}
	if wish.milk != "" {
		line["milk"] = wish.milk
	}
	lines := append(slices.Clone(linesOf(request)), line)
	count := 0
	for _, line := range lines {
		count += countOf(line)
	}
	// Members of the order that we do not know stay in it: numbers among them are json.Number, unchanged.
	order := orderOf(request)
	order["status"], order["items"], order["total"] = "open", lines, inDollars(totalOf(lines))
	responder.Frame["order"] = order
	responder.Slots["item"], responder.Slots["quantity"] = item.name, wish.quantity
	responder.Slots["count"], responder.Slots["total"] = count, dollars(totalOf(lines))
	plural := "s"
	if count == 1 {
		plural = ""
	}
	responder.Reply(fmt.Sprintf("I added %s. Your order has %d item%s.", wish, count, plural))
	return nil
}

func priceOrder(_ context.Context, request *action.Request, responder *action.Responder) error {
	lines := linesOf(request)
	if len(lines) > 0 {
		order, total := orderOf(request), totalOf(lines)
		order["total"] = inDollars(total)
		responder.Frame["order"], responder.Slots["total"] = order, dollars(total)
		responder.Reply(fmt.Sprintf("That makes %s.", dollars(total)))
		return nil
	}
	if item, _ := namedItem(request); item != nil {
		wish := read(request, *item)
		total := dollars(wish.each() * wish.quantity)
		responder.Slots["item"], responder.Slots["total"] = item.name, total
		responder.Reply(fmt.Sprintf("%s would be %s.", wish, total))
		return nil
	}
	responder.Slots["total"] = dollars(0)
	responder.Reply("Your order is empty.")
	return nil
}

func confirmOrder(_ context.Context, request *action.Request, responder *action.Responder) error {
	lines := linesOf(request)
	if len(lines) == 0 {
		responder.Reply("There is nothing to confirm yet.")
		responder.Suggest("a large latte")
		return nil
	}
	order, total, where := orderOf(request), totalOf(lines), ""
	order["status"], order["total"] = "confirmed", inDollars(total)
	if store := action.Text(order["store"]); store != "" {
		where = fmt.Sprintf(" Pick it up at %s in ten minutes.", store)
	}
	responder.Frame["order"], responder.Slots["total"] = order, dollars(total)
	responder.Reply(fmt.Sprintf("Your order of %s is confirmed.%s", dollars(total), where))
	return nil
}

func chargeCard(_ context.Context, request *action.Request, _ *action.Responder) error {
	if len(linesOf(request)) == 0 {
		return action.NewProblem(http.StatusUnprocessableEntity,
			"nothing-to-charge", "Nothing to charge", "The order is empty.")
	}
	return &action.Problem{
		Status: http.StatusServiceUnavailable,
		Detail: "The card terminal does not answer.",
		// Longer than a turn may take: a client that obeys gives up at once instead of waiting.
		RetryAfter: 30 * time.Second,
	}
}

// wish is what the user asks for.
type wish struct {
	item     item
	size     string
	milk     string
	quantity int
}

func read(request *action.Request, item item) wish {
	asked := wish{item: item, size: "medium", quantity: 1}
	if entity, named := request.Entity("size"); named {
		for _, size := range []string{"small", "medium", "large"} {
			if anyNames(entity.Names(), size, nil) {
				asked.size = size
				break
			}
		}
	}
	if entity, named := request.Entity("milk"); named {
		asked.milk = entity.Name()
	}
	if entity, named := request.Entity("sys_number", "quantity", "number"); named {
		asked.quantity = quantityOf(entity.Plain())
	}
	return asked
}

func (w wish) each() int { return w.item.priceOf(w.size, w.milk) }

func (w wish) String() string {
	words := w.item.name
	if !w.item.isFood() {
		words = w.size + " " + words
	}
	if w.quantity != 1 {
		words += "s"
	}
	if w.milk != "" && !w.item.isFood() {
		words += " with " + w.milk
	}
	return fmt.Sprintf("%d %s", w.quantity, words)
}

func quantityOf(value any) int {
	var number float64
	var err error
	switch value := value.(type) {
	case json.Number:
		number, err = value.Float64()
	case string:
		number, err = strconv.ParseFloat(value, 64)
	default:
		return 1
	}
	if err != nil || math.IsNaN(number) {
		return 1
	}
	return int(math.Min(math.Max(number, 1), mostOfOne))
}

// orderOf gives a copy of the order in the frame.
func orderOf(request *action.Request) map[string]any {
	order, _ := request.Frame("order").(map[string]any)
	if order == nil {
		return map[string]any{}
	}
	return maps.Clone(order)
}

func linesOf(request *action.Request) []any {
	lines, _ := orderOf(request)["items"].([]any)
	return lines
}

func countOf(line any) int {
	switch quantity := action.Member(line, "quantity").(type) {
	case int:
		return quantity
	case json.Number:
		if number, err := quantity.Int64(); err == nil && number >= 1 && number <= mostOfOne {
			return int(number)
		}
	}
	return 1
}

// totalOf adds up by our own prices: those in the frame are for show, and came from the caller.
func totalOf(lines []any) int {
	cents := 0
	for _, line := range lines {
		name := action.Text(line)
		if _, isObject := line.(map[string]any); isObject {
			name = action.Text(action.Member(line, "item"))
		}
		item := findItem(name)
		if item == nil {
			continue
		}
		size, milk := action.Text(action.Member(line, "size")), action.Text(action.Member(line, "milk"))
		cents += item.priceOf(size, milk) * countOf(line)
	}
	return cents
}

func inDollars(cents int) float64 { return float64(cents) / 100 }
