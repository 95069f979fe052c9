package coffee

import (
	"fmt"
	"slices"
	"strings"
)

// hours are the whole hours of the local day from which and to which a shop is open.
type hours struct{ opens, closes int }

func (h hours) String() string { return fmt.Sprintf("%02d:00 to %02d:00", h.opens, h.closes) }

type store struct {
	id       string
	name     string
	aliases  []string
	miles    float64
	weekdays hours
	weekend  hours
	soldOut  []string
}

// item is something to order; cents is the price of a medium one.
type item struct {
	name    string
	aliases []string
	cents   int
	tags    []string
}

type member struct {
	name   string
	points int
	usual  string
}

var stores = []store{
	{"1", "Lantern Street", []string{"lantern"}, 0.4, hours{7, 20}, hours{8, 18}, nil},
	{"2", "Harbour View", []string{"harbour", "harbor view"}, 2.5, hours{8, 17}, hours{9, 15}, nil},
	{"3", "Old Mill", []string{"the mill", "mill"}, 3.5, hours{8, 17}, hours{9, 15}, nil},
	{"4", "Station Arcade", []string{"the arcade", "station"}, 0.9, hours{6, 22}, hours{8, 22}, nil},
	{"5", "Juniper Square", []string{"juniper"}, 1.2, hours{6, 22}, hours{8, 22}, []string{"scone"}},
	{"6", "Tannery Lane", []string{"tannery"}, 1.7, hours{7, 20}, hours{8, 18}, nil},
	{"7", "Observatory Hill", []string{"observatory"}, 5.1, hours{8, 17}, hours{9, 15}, nil},
	{"8", "Riverside Market", []string{"riverside"}, 2.2, hours{7, 20}, hours{8, 18}, nil},
	{"9", "23 Elm Street", []string{"elm street", "23 elm"}, 4.0, hours{7, 20}, hours{8, 18}, nil},
}

var menu = []item{
	{"latte", []string{"lattes", "caffe latte"}, 425, []string{"milky"}},
	{"cappuccino", []string{"cappuccinos"}, 425, []string{"milky"}},
	{"espresso", []string{"espressos"}, 300, []string{"strong"}},
	{"americano", []string{"americanos"}, 350, []string{"strong"}},
	{"flat white", []string{"flat whites"}, 425, []string{"strong", "milky"}},
	{"mocha", []string{"mochas"}, 475, []string{"sweet", "milky"}},
	{"cortado", []string{"cortados"}, 375, []string{"strong"}},
	{"filter coffee", []string{"filter coffees", "coffee"}, 275, nil},
	{"decaf", []string{"decafs"}, 325, nil},
	{"cold brew", []string{"cold brews"}, 450, []string{"cold", "strong"}},
	{"chai latte", []string{"chai lattes", "chai"}, 450, []string{"sweet", "milky"}},
	{"matcha latte", []string{"matcha lattes", "matcha"}, 475, []string{"milky"}},
	{"hot chocolate", []string{"hot chocolates", "cocoa"}, 425, []string{"sweet"}},
	{"earl grey", []string{"earl greys", "tea"}, 300, []string{"light"}},
	{"iced tea", []string{"iced teas"}, 350, []string{"cold", "light"}},
	{"scone", []string{"scones"}, 325, []string{"food"}},
}

// extraMilk is not from a cow, and costs more.
var extraMilk = []string{"oat milk", "almond milk", "soy milk", "coconut milk"}

var members = map[string]member{
	"u-1": {"Bo", 120, "latte"},
	"u-2": {"Ada", 45, "earl grey"},
}

const timeZone = "America/Los_Angeles"

// priceOf gives the price in cents of one.
func (i item) priceOf(size, milk string) int {
	if i.isFood() {
		return i.cents
	}
	cents := i.cents
	switch size {
	case "small":
		cents -= 50
	case "large":
		cents += 50
	}
	if slices.Contains(extraMilk, milk) {
		cents += 60
	}
	return cents
}

func (i item) isFood() bool { return slices.Contains(i.tags, "food") }

// findStore finds a store by name or alias; nil if there is none.
func findStore(names ...string) *store {
	for index := range stores {
		if found := &stores[index]; anyNames(names, found.name, found.aliases) {
			return found
		}
	}
	return nil
}

// findItem finds something on the menu by name or alias; nil if there is none.
func findItem(names ...string) *item {
	for index := range menu {
		if found := &menu[index]; anyNames(names, found.name, found.aliases) {
			return found
		}
	}
	return nil
}

func anyNames(names []string, name string, aliases []string) bool {
	return slices.ContainsFunc(names, func(given string) bool {
		given = strings.ToLower(strings.TrimSpace(given))
		return given == strings.ToLower(name) || slices.Contains(aliases, given)
	})
}

func dollars(cents int) string { return fmt.Sprintf("$%d.%02d", cents/100, cents%100) }
