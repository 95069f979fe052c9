package com.example.actions;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** {@code Idempotency-Key}: a request that is repeated is answered from memory instead of carried out again. */
final class Replays {
    private static final int KEPT = 1000;

    private static final class Entry {
        final byte[] digest;
        Outcome outcome;

        Entry(byte[] digest) {
            this.digest = digest;
        }
    }

    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /**
     * Carries out a request, or gives the outcome of the first one under the key.
     *
     * @throws ProblemException 422 for another body under the key, 409 while the first is still running
     */
    Outcome once(String key, byte[] body, Supplier<Outcome> carryOut) {
        byte[] digest = sha256(body);
        Outcome stored = begin(key, digest);
        if (stored != null) {
            return stored;
        }
        Outcome outcome = null;
        try {
            outcome = carryOut.get();
            return outcome;
        } finally {
            finish(key, outcome);
        }
    }

    private synchronized Outcome begin(String key, byte[] digest) {
        Entry entry = entries.get(key);
        if (entry == null) {
            entries.put(key, new Entry(digest));
            return null;
        }
        if (!MessageDigest.isEqual(entry.digest, digest)) {
            throw new ProblemException(Problem.named(
                    422, "idempotency-mismatch", "Idempotency-Key reused with another body", null));
        }
        if (entry.outcome == null) {
            throw new ProblemException(409, "The first request with this Idempotency-Key is still running.");
        }
        return entry.outcome;
    }

    /** Keeps the outcome; forgets the key when the server failed, so that a retry runs. */
    private synchronized void finish(String key, Outcome outcome) {
        Entry entry = entries.remove(key);
        if (outcome == null || outcome.serverFailed()) {
            return;
        }
        entry.outcome = outcome;
        entries.put(key, entry);
        Iterator<Entry> oldest = entries.values().iterator();
        for (int excess = entries.size() - KEPT; excess > 0 && oldest.hasNext(); ) {
            if (oldest.next().outcome != null) {
                oldest.remove();
                excess--;
            }
        }
    }

    private static byte[] sha256(byte[] body) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(body);
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException("every Java has SHA-256", error);
        }
    }
}
