package com.example.actions;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Iterator;
import java.util.Locale;
import java.util.stream.Collectors;

/** JSON to values and back: lenient about what it finds, strict about what is JSON at all. */
final class Json {
    private static final int MAX_DEPTH = 200;
    private static final JsonMapper MAPPER = mapper();

    private Json() {}

    /**
     * Reads an invocation.
     *
     * @throws ProblemException 400, with a pointer to the place but nothing of the body
     */
    static Invocation invocation(byte[] body) {
        JsonNode tree = tree(body);
        if (!tree.isObject()) {
            throw new ProblemException(400, "The body must be a JSON object.");
        }
        checkValues(tree, StandardCharsets.UTF_8.newEncoder());
        Invocation invocation = bind(tree);
        if (invocation.action() == null || invocation.action().isEmpty()) {
            String wrong = invocation.action() == null ? "is required" : "must not be empty";
            throw mismatch("/action", wrong);
        }
        return invocation;
    }

    static byte[] bytes(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JsonProcessingException error) {
            throw new IllegalStateException("cannot be written as JSON: " + error.getOriginalMessage(), error);
        }
    }

    private static JsonNode tree(byte[] body) {
        // Jackson would guess UTF-16 and forgive some malformed UTF-8; a reader with a strict decoder does not.
        try (var reader = new InputStreamReader(
                new ByteArrayInputStream(body), StandardCharsets.UTF_8.newDecoder())) {
            JsonNode tree = MAPPER.readTree(reader);
            if (tree.isMissingNode()) {
                throw new ProblemException(400, "The request has no body.");
            }
            return tree;
        } catch (CharacterCodingException error) {
            throw new ProblemException(400, "The body is not UTF-8.");
        } catch (StreamConstraintsException error) {
            throw new ProblemException(
                    400, "The body is nested deeper than " + MAX_DEPTH + " levels, or holds a number too long.");
        } catch (JsonProcessingException error) {
            JsonLocation place = error.getLocation();
            String where = place == null ? "" : ": line " + place.getLineNr() + ", column " + place.getColumnNr();
            throw new ProblemException(400, "The body is not JSON" + where + ".");
        } catch (IOException error) {
            throw new IllegalStateException("an array in memory cannot fail to be read", error);
        }
    }

    private static Invocation bind(JsonNode tree) {
        try {
            return MAPPER.treeToValue(tree, Invocation.class);
        } catch (JsonMappingException error) {
            String pointer = error.getPath().stream().map(Json::step).collect(Collectors.joining());
            throw mismatch(pointer, "must be of type " + typeOf(error));
        } catch (JsonProcessingException error) {
            throw new ProblemException(400, "The request does not match the contract.");
        }
    }

    private static String typeOf(JsonMappingException error) {
        Class<?> wanted = error instanceof MismatchedInputException mismatch && mismatch.getTargetType() != null
                ? mismatch.getTargetType()
                : Object.class;
        if (Collection.class.isAssignableFrom(wanted)) {
            return "array";
        }
        boolean plain = wanted == String.class || Number.class.isAssignableFrom(wanted);
        return plain ? wanted == Double.class ? "number" : wanted.getSimpleName().toLowerCase(Locale.ROOT) : "object";
    }

    private static String step(JsonMappingException.Reference reference) {
        String name = reference.getFieldName();
        return "/" + (name == null ? reference.getIndex() : name.replace("~", "~0").replace("/", "~1"));
    }

    private static ProblemException mismatch(String pointer, String wrong) {
        return new ProblemException(
                Problem.of(400, "The request does not match the contract.").at(pointer, wrong));
    }

    /** Refuses what JSON can spell but no answer could carry back: 1e400, and half of a surrogate pair. */
    private static void checkValues(JsonNode node, CharsetEncoder utf8) {
        if (node.isTextual() && !utf8.canEncode(node.textValue())) {
            throw new ProblemException(400, "The body holds half of a surrogate pair.");
        }
        if (node.isDouble() && !Double.isFinite(node.doubleValue())) {
            throw new ProblemException(400, "The body holds a number out of range.");
        }
        for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
            if (!utf8.canEncode(names.next())) {
                throw new ProblemException(400, "The body holds half of a surrogate pair.");
            }
        }
        for (JsonNode child : node) {
            checkValues(child, utf8);
        }
    }

    private static JsonMapper mapper() {
        JsonFactory factory = JsonFactory.builder()
                .streamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                .build();
        JsonMapper mapper = JsonMapper.builder(factory)
                .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                .build();
        // Without this, the number 5 would be taken for the text "5".
        for (CoercionInputShape shape : new CoercionInputShape[] {
            CoercionInputShape.Integer, CoercionInputShape.Float, CoercionInputShape.Boolean
        }) {
            mapper.coercionConfigFor(LogicalType.Textual).setCoercion(shape, CoercionAction.Fail);
        }
        return mapper;
    }
}
