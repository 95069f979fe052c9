package com.example.actions;

/**
 * How an invocation ended: with what the action said, or with a problem.
 *
 * @param responder null after a failure
 * @param json the responder as it is sent
 * @param problem null after success
 */
record Outcome(Responder responder, byte[] json, Problem problem) {
    static Outcome of(Responder responder) {
        return new Outcome(responder, Json.bytes(responder), null);
    }

    static Outcome of(Problem problem) {
        return new Outcome(null, null, problem);
    }

    boolean serverFailed() {
        return problem != null && problem.status() >= 500;
    }
}
