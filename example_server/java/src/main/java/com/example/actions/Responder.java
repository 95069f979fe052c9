package com.example.actions;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What an action adds or changes. It begins empty, since a server that echoes what it was sent doubles it;
 * but for five params, which stock MindMeld forgets unless they are repeated.
 */
@JsonPropertyOrder({"directives", "frame", "params", "slots"})
public final class Responder {
    private final List<Directive> directives = new ArrayList<>();
    private final Map<String, Object> frame = new LinkedHashMap<>();
    private final Map<String, Object> params = new LinkedHashMap<>();
    private final Map<String, Object> slots = new LinkedHashMap<>();
    private final Consumer<Directive> onDirective;

    Responder(Params kept, Consumer<Directive> onDirective) {
        this.onDirective = onDirective;
        param("target_dialogue_state", blankAsNull(kept.targetDialogueState()));
        param("time_zone", blankAsNull(kept.timeZone()));
        param("language", blankAsNull(kept.language()));
        param("locale", blankAsNull(kept.locale()));
        param("timestamp", kept.timestampMillis());
    }

    /** Says something. */
    public Responder reply(String text) {
        return view("reply", Map.of("text", text));
    }

    /** Shows a list. */
    public Responder list(List<?> items) {
        return view("list", items);
    }

    /** Offers what to say next. */
    public Responder suggestions(String... texts) {
        return suggestions(List.of(texts));
    }

    public Responder suggestions(List<String> texts) {
        return view("suggestions", texts.stream().map(text -> Map.of("text", text)).toList());
    }

    /** Opens the microphone. */
    public Responder listen() {
        return directive(new Directive("listen", "action", null));
    }

    public Responder view(String name, Object payload) {
        return directive(new Directive(name, "view", payload));
    }

    /** Adds a directive; a caller that reads a stream has it at once. */
    public Responder directive(Directive directive) {
        directives.add(directive);
        onDirective.accept(directive);
        return this;
    }

    /** Sets a member of the frame, which the application keeps for the turns to come. */
    public Responder frame(String name, Object value) {
        frame.put(name, value);
        return this;
    }

    /** Sets a value for the templates of replies. */
    public Responder slot(String name, Object value) {
        slots.put(name, value);
        return this;
    }

    public Responder targetDialogueState(String state) {
        return param("target_dialogue_state", state);
    }

    public Responder allowedIntents(String... intents) {
        return param("allowed_intents", List.of(intents));
    }

    public Responder dynamicResource(Map<String, ?> resource) {
        return param("dynamic_resource", resource);
    }

    public Responder timeZone(String zone) {
        return param("time_zone", zone);
    }

    public Responder language(String language) {
        return param("language", language);
    }

    public Responder locale(String locale) {
        return param("locale", locale);
    }

    @JsonProperty
    List<Directive> directives() {
        return directives;
    }

    @JsonProperty
    Map<String, Object> frame() {
        return frame;
    }

    @JsonProperty
    Map<String, Object> params() {
        return params;
    }

    @JsonProperty
    Map<String, Object> slots() {
        return slots;
    }

    /** Leaves null out: to the contract it means the same as absent, and stock MindMeld fails on it. */
    private Responder param(String name, Object value) {
        if (value != null) {
            params.put(name, value);
        }
        return this;
    }

    private static String blankAsNull(String text) {
        return text == null || text.isBlank() ? null : text;
    }
}
