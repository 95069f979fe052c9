package coffee

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.com/coffee/action"
)

func guestOf(request *action.Request) (member, bool) {
	guest, known := members[action.Text(request.Context("user", "id"))]
	return guest, known
}

func openSession(_ context.Context, request *action.Request, responder *action.Responder) error {
	guest, known := guestOf(request)
	name := guest.name
	if !known {
		name = action.Text(request.Context("user", "name"))
	}
	if name == "" {
		name = "there"
	}
	responder.Frame["session"] = map[string]any{"name": name, "member": known}
	responder.Slots["name"] = name
	responder.Params.Language, responder.Params.Locale = "en", "en_US"
	responder.Params.TimeZone = timeZone
	responder.Reply(fmt.Sprintf("Hello %s, welcome to the coffee shop.", name))
	responder.Suggest("find the nearest store", "start an order")
	return nil
}

func setTimeZone(_ context.Context, request *action.Request, responder *action.Responder) error {
	zone := timeZone
	if entity, named := request.Entity("time_zone", "sys_timezone"); named && entity.Name() != "" {
		zone = entity.Name()
	}
	responder.Params.TimeZone, responder.Slots["time_zone"] = zone, zone
	responder.Reply(fmt.Sprintf("I use %s from now on.", zone))
	return nil
}

func setLanguage(_ context.Context, request *action.Request, responder *action.Responder) error {
	language, locale, text := "en", "en_US", "All right, in English."
	if entity, named := request.Entity("language"); named {
		if name := strings.ToLower(entity.Name()); name == "es" || name == "spanish" {
			language, locale, text = "es", "es_MX", "De acuerdo, en español."
		}
	}
	responder.Params.Language, responder.Params.Locale = language, locale
	responder.Slots["language"] = language
	responder.Reply(text)
	return nil
}

func loyaltyPoints(_ context.Context, request *action.Request, responder *action.Responder) error {
	guest, known := guestOf(request)
	responder.Slots["points"] = guest.points
	if !known {
		responder.Reply("You have no loyalty points yet.")
		return nil
	}
	responder.Slots["name"] = guest.name
	responder.Reply(fmt.Sprintf("%s, you have %d points.", guest.name, guest.points))
	return nil
}

func recommendDrink(_ context.Context, request *action.Request, responder *action.Responder) error {
	drink := "latte"
	if guest, known := guestOf(request); known {
		drink = guest.usual
	}
	if entity, named := request.Entity("taste", "flavor", "mood", "temperature"); named {
		fits := func(item item) bool {
			return slices.ContainsFunc(item.tags, func(tag string) bool { return anyNames(entity.Names(), tag, nil) })
		}
		if index := slices.IndexFunc(menu, fits); index >= 0 {
			drink = menu[index].name
		}
	}
	responder.Slots["drink"] = drink
	responder.Reply(fmt.Sprintf("How about a %s?", drink))
	responder.Suggest(fmt.Sprintf("a %s, please", drink), "something else")
	return nil
}
