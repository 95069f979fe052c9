package com.example.actions;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * The settings of a turn, each null where nothing was said.
 *
 * @param targetDialogueState the dialogue state of the next turn
 * @param dynamicResource further gazetteer values
 * @param allowedIntents the intents allowed in the next turn
 * @param allowNlp the components the next turn is limited to
 * @param denyNlp the components the next turn leaves out
 * @param timeZone an IANA time zone
 * @param language an ISO 639 code
 * @param locale ISO 639 and ISO 3166 codes joined by an underscore
 * @param timestamp UTC milliseconds; callers send a text of digits or a number
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Params(
        String targetDialogueState,
        ObjectNode dynamicResource,
        List<String> allowedIntents,
        List<String> allowNlp,
        List<String> denyNlp,
        String timeZone,
        String language,
        String locale,
        JsonNode timestamp) {

    static final Params EMPTY = new Params(null, null, null, null, null, null, null, null, null);
    private static final int MAX_TIMESTAMP_DIGITS = 16;

    /** The timestamp as a number, or null. */
    public Long timestampMillis() {
        if (timestamp == null) {
            return null;
        }
        if (timestamp.isIntegralNumber() && timestamp.canConvertToLong()) {
            return timestamp.longValue();
        }
        String digits = timestamp.textValue();
        boolean plain = digits != null && digits.matches("[0-9]{1," + MAX_TIMESTAMP_DIGITS + "}");
        return plain ? Long.valueOf(digits) : null;
    }
}
