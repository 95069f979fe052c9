/** The data of the coffee shops: small, fixed, and kept in memory. */

/** From which to which whole hour of the local day a shop is open. */
export type Hours = readonly [opens: number, closes: number];

export interface Store {
  readonly id: string;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly miles: number;
  readonly weekdays: Hours;
  readonly weekend: Hours;
  readonly soldOut: readonly string[];
}

export interface Item {
  readonly name: string;
  readonly aliases: readonly string[];
  /** The price of a medium one. */
  readonly cents: number;
  readonly tags: readonly string[];
}

export interface Member {
  readonly name: string;
  readonly points: number;
  readonly usual: string;
}

const LONG = { weekdays: [7, 20], weekend: [8, 18], soldOut: [] } as const;
const SHORT = { weekdays: [8, 17], weekend: [9, 15], soldOut: [] } as const;
const LATE = { weekdays: [6, 22], weekend: [8, 22], soldOut: [] } as const;

export const NEAREST: Store = { id: "1", name: "Lantern Street", aliases: ["lantern"], miles: 0.4, ...LONG };

export const STORES: readonly Store[] = [
  NEAREST,
  { id: "2", name: "Harbour View", aliases: ["harbour", "harbor view"], miles: 2.5, ...SHORT },
  { id: "3", name: "Old Mill", aliases: ["the mill", "mill"], miles: 3.5, ...SHORT },
  { id: "4", name: "Station Arcade", aliases: ["the arcade", "station"], miles: 0.9, ...LATE },
  { id: "5", name: "Juniper Square", aliases: ["juniper"], miles: 1.2, ...LATE, soldOut: ["scone"] },
  { id: "6", name: "Tannery Lane", aliases: ["tannery"], miles: 1.7, ...LONG },
  { id: "7", name: "Observatory Hill", aliases: ["observatory"], miles: 5.1, ...SHORT },
  { id: "8", name: "Riverside Market", aliases: ["riverside"], miles: 2.2, ...LONG },
  { id: "9", name: "23 Elm Street", aliases: ["elm street", "23 elm"], miles: 4.0, ...LONG },
];

export const MENU: readonly Item[] = [
  { name: "latte", aliases: ["lattes", "caffe latte"], cents: 425, tags: ["milky"] },
  { name: "cappuccino", aliases: ["cappuccinos"], cents: 425, tags: ["milky"] },
  { name: "espresso", aliases: ["espressos"], cents: 300, tags: ["strong"] },
  { name: "americano", aliases: ["americanos"], cents: 350, tags: ["strong"] },
  { name: "flat white", aliases: ["flat whites"], cents: 425, tags: ["strong", "milky"] },
  { name: "mocha", aliases: ["mochas"], cents: 475, tags: ["sweet", "milky"] },
  { name: "cortado", aliases: ["cortados"], cents: 375, tags: ["strong"] },
  { name: "filter coffee", aliases: ["filter coffees", "coffee"], cents: 275, tags: [] },
  { name: "decaf", aliases: ["decafs"], cents: 325, tags: [] },
  { name: "cold brew", aliases: ["cold brews"], cents: 450, tags: ["cold", "strong"] },
  { name: "chai latte", aliases: ["chai lattes", "chai"], cents: 450, tags: ["sweet", "milky"] },
  { name: "matcha latte", aliases: ["matcha lattes", "matcha"], cents: 475, tags: ["milky"] },
  { name: "hot chocolate", aliases: ["hot chocolates", "cocoa"], cents: 425, tags: ["sweet"] },
  { name: "earl grey", aliases: ["earl greys", "tea"], cents: 300, tags: ["light"] },
  { name: "iced tea", aliases: ["iced teas"], cents: 350, tags: ["cold", "light"] },
  { name: "scone", aliases: ["scones"], cents: 325, tags: ["food"] },
];

export const TIME_ZONE = "America/Los_Angeles";

export const MEMBERS: ReadonlyMap<string, Member> = new Map([
  ["u-1", { name: "Bo", points: 120, usual: "latte" }],
  ["u-2", { name: "Ada", points: 45, usual: "earl grey" }],
]);

/** Milk that is not from a cow costs more. */
const EXTRA_MILK = ["oat milk", "almond milk", "soy milk", "coconut milk"];

/** Gives the price in cents of one. */
export function priceOf(item: Item, size: string, milk: string): number {
  if (isFood(item)) return item.cents;
  const bySize = size === "small" ? -50 : size === "large" ? 50 : 0;
  return item.cents + bySize + (EXTRA_MILK.includes(milk) ? 60 : 0);
}

export function isFood(item: Item): boolean {
  return item.tags.includes("food");
}

/** Finds a store by name or alias. */
export function findStore(...names: string[]): Store | undefined {
  return STORES.find((store) => oneOf(names, store.name, ...store.aliases));
}

/** Finds something on the menu by name or alias. */
export function findItem(...names: string[]): Item | undefined {
  return MENU.find((item) => oneOf(names, item.name, ...item.aliases));
}

/** Says whether one of the names is known, whatever its case. */
export function oneOf(names: readonly string[], ...known: string[]): boolean {
  const wanted = known.map((name) => name.toLowerCase());
  return names.some((name) => wanted.includes(name.trim().toLowerCase()));
}

export function dollars(cents: number): string {
  return `$${(cents / 100).toFixed(2)}`;
}
