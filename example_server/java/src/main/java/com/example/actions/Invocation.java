package com.example.actions;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** The body of {@code POST /action}. Members that are absent or null are empty. */
record Invocation(String action, Request request, SoFar responder) {

    /** What earlier actions of the turn did, as far as an action may want to know it. */
    record SoFar(List<Directive> directives, ObjectNode frame, Params params, ObjectNode slots) {}

    Invocation {
        request = request == null ? Request.EMPTY : request;
        responder = responder == null ? new SoFar(null, null, null, null) : responder;
    }

    /** The request, with what earlier actions of the turn put into the frame. */
    Request turn() {
        if (responder.frame() == null) {
            return request;
        }
        ObjectNode merged = request.frame().deepCopy();
        responder.frame().fields().forEachRemaining(member -> {
            if (!member.getValue().isNull()) {
                merged.set(member.getKey(), member.getValue());
            }
        });
        return request.withFrame(merged);
    }

    Params keptParams() {
        return responder.params() == null ? Params.EMPTY : responder.params();
    }
}
