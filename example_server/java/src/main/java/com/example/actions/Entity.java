package com.example.actions;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Something that the user named.
 *
 * @param text the user's words, not null
 * @param type the entity's type; {@code sys_...} for dates, numbers and the like
 * @param role the role, or null
 * @param value what it stands for: once resolved, an array of objects, best candidate first; any JSON else
 * @param confidence the recogniser's confidence, from 0 to 1, or null
 * @param span where in the query it is, or null
 * @param children the entities that depend on it
 */
public record Entity(
        String text,
        String type,
        String role,
        JsonNode value,
        Double confidence,
        Span span,
        List<Entity> children) {

    /** Character offsets into the text, the end included. */
    public record Span(Integer start, Integer end) {}

    public Entity {
        text = text == null ? "" : text;
        value = value == null ? MissingNode.getInstance() : value;
        children = Request.present(children);
    }

    /** What the candidates are called, best first; empty when the entity was not resolved. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        for (JsonNode candidate : value.isArray() ? value : List.of(value)) {
            for (String member : List.of("cname", "id", "value")) {
                textOf(candidate.path(member)).ifPresent(names::add);
            }
        }
        return names;
    }

    /** The names of the candidates and, last, the user's own words. */
    public List<String> words() {
        List<String> words = names();
        words.add(text);
        return words;
    }

    /** The canonical name, else the user's own words. */
    public String best() {
        return words().get(0);
    }

    /** The plain value of the best candidate, a number for instance; missing when there is none. */
    public JsonNode plainValue() {
        JsonNode first = value.isArray() ? value.path(0) : value;
        return first.isObject() ? first.path("value") : first;
    }

    /** A text that is not blank. */
    public static Optional<String> textOf(JsonNode node) {
        return Optional.ofNullable(node.textValue()).filter(text -> !text.isBlank());
    }
}
