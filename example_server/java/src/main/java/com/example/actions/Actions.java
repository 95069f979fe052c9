package com.example.actions;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The actions of a server by name. Fill it before the server starts. */
public final class Actions {
    private record Entry(ActionInfo info, Action action) {}

    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private Function<String, Action> otherwise = Actions::unknown;

    /** Adds an action that may be repeated without harm. */
    public Actions add(String name, String description, Action action) {
        return add(ActionInfo.of(name, description), action);
    }

    /**
     * Adds an action.
     *
     * @throws IllegalArgumentException if there is one of that name
     */
    public Actions add(ActionInfo info, Action action) {
        if (entries.putIfAbsent(info.name(), new Entry(info, action)) != null) {
            throw new IllegalArgumentException("there are two actions called " + info.name());
        }
        return this;
    }

    /** Says what to do for a name that is not there; by default that is a 404. */
    public Actions otherwise(Function<String, Action> actionFor) {
        otherwise = actionFor;
        return this;
    }

    Action find(String name) {
        Entry entry = entries.get(name);
        return entry == null ? otherwise.apply(name) : entry.action();
    }

    List<ActionInfo> catalogue() {
        return entries.values().stream().map(Entry::info).toList();
    }

    private static Action unknown(String name) {
        return (request, responder) -> {
            throw new ProblemException(
                    Problem.named(404, "unknown-action", "Unknown action", "GET /actions lists the names."));
        };
    }
}
