package com.example.actions;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;

/**
 * An action as {@code GET /actions} lists it.
 *
 * @param name what callers name it
 * @param description one sentence
 * @param idempotent whether repeating it does no harm, so that a caller may retry
 * @param timeoutMs how long it may take, in milliseconds; null for not said
 * @param intents the intents it is meant for, as {@code domain.intent}
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ActionInfo(
        String name, String description, boolean idempotent, Integer timeoutMs, List<String> intents) {

    /** An idempotent action that says nothing of its time or its intents. */
    public static ActionInfo of(String name, String description) {
        return new ActionInfo(name, description, true, null, List.of());
    }

    public ActionInfo notIdempotent() {
        return new ActionInfo(name, description, false, timeoutMs, intents);
    }

    public ActionInfo takesUpTo(int milliseconds) {
        return new ActionInfo(name, description, idempotent, milliseconds, intents);
    }

    public ActionInfo forIntents(String... named) {
        return new ActionInfo(name, description, idempotent, timeoutMs, List.of(named));
    }
}
