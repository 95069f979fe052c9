package com.example.actions;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The turn, as the application understood it. Text members are null where the application sent none;
 * everything else is there, empty at worst.
 *
 * @param text the user's words
 * @param domain the domain of the query
 * @param intent the intent of the query
 * @param entities the entities of the query, in its order
 * @param history the turns before, most recent first, as they came
 * @param frame what the application keeps from turn to turn; what earlier actions of this turn set is in it
 * @param context the state of the front end
 * @param params the settings that this turn began with
 */
public record Request(
        String text,
        String domain,
        String intent,
        List<Entity> entities,
        List<ObjectNode> history,
        ObjectNode frame,
        ObjectNode context,
        Params params) {

    static final Request EMPTY = new Request(null, null, null, null, null, null, null, null);

    public Request {
        entities = present(entities);
        history = present(history);
        frame = frame == null ? JsonNodeFactory.instance.objectNode() : frame;
        context = context == null ? JsonNodeFactory.instance.objectNode() : context;
        params = params == null ? Params.EMPTY : params;
    }

    /** The entities of these types, in the order of the query. */
    public Stream<Entity> entities(String... types) {
        List<String> wanted = List.of(types);
        return entities.stream().filter(entity -> entity.type() != null && wanted.contains(entity.type()));
    }

    /** The first entity of these types. */
    public Optional<Entity> entity(String... types) {
        return entities(types).findFirst();
    }

    Request withFrame(ObjectNode other) {
        return new Request(text, domain, intent, entities, history, other, context, params);
    }

    static <T> List<T> present(List<T> list) {
        return list == null ? List.of() : list.stream().filter(Objects::nonNull).toList();
    }
}
