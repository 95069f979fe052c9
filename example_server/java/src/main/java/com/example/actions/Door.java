package com.example.actions;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The operations of the contract over HTTP. */
final class Door implements HttpHandler {
    private static final Logger LOG = System.getLogger(Door.class.getName());
    private static final Map<String, String> METHODS = Map.of(
            "/action", "POST",
            "/action/stream", "POST",
            "/actions", "GET",
            "/healthz", "GET",
            "/readyz", "GET");
    private static final Set<String> OPEN = Set.of("/healthz", "/readyz");
    private static final Duration SOON = Duration.ofSeconds(1);

    private final Actions actions;
    private final Options options;
    private final Replays replays = new Replays();
    private final Semaphore slots;
    private volatile boolean stopping;

    Door(Actions actions, Options options) {
        this.actions = actions;
        this.options = options;
        this.slots = new Semaphore(options.concurrency());
    }

    /** Takes no further invocations, and says so at {@code /readyz}. */
    void stopTaking() {
        stopping = true;
    }

    /** Waits until the invocations in progress are answered; false if some are not after that time. */
    boolean awaitQuiet(Duration patience) throws InterruptedException {
        boolean quiet = slots.tryAcquire(options.concurrency(), patience.toMillis(), TimeUnit.MILLISECONDS);
        if (quiet) {
            slots.release(options.concurrency());
        }
        return quiet;
    }

    @Override
    public void handle(HttpExchange exchange) {
        Reply reply = new Reply(exchange);
        try (exchange) {
            echoCallId(exchange);
            try {
                answer(exchange, reply);
            } catch (ProblemException refused) {
                reply.problem(refused.problem());
            } catch (RuntimeException | StackOverflowError defect) {
                LOG.log(Level.ERROR, "a request failed", defect);
                if (!reply.begun()) {
                    reply.problem(Problem.of(500, null));
                }
            }
        } catch (IOException gone) {
            LOG.log(Level.DEBUG, "a client left", gone);
        }
    }

    private void answer(HttpExchange exchange, Reply reply) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String known = path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        String allowed = METHODS.get(known);
        if (allowed == null) {
            throw new ProblemException(404, null);
        }
        String method = exchange.getRequestMethod();
        if (!method.equals(allowed) && !(method.equals("HEAD") && allowed.equals("GET"))) {
            throw new ProblemException(Problem.of(405, "Use " + allowed + ".").withHeader("Allow", allowed));
        }
        if (!OPEN.contains(known)) {
            checkToken(exchange.getRequestHeaders());
        }
        switch (known) {
            case "/healthz" -> reply.json(Map.of("status", "pass"));
            case "/readyz" -> {
                checkTaking();
                reply.json(Map.of("status", "pass"));
            }
            case "/actions" -> reply.json(Map.of("actions", actions.catalogue()));
            default -> invoke(exchange, reply, known);
        }
    }

    private void invoke(HttpExchange exchange, Reply reply, String path) throws IOException {
        checkTaking();
        takePlace();
        try {
            boolean streaming = path.equals("/action/stream");
            Headers headers = exchange.getRequestHeaders();
            Reading.checkMediaType(headers);
            String key = Reading.idempotencyKey(headers);
            Integer patience = Reading.timeoutMs(headers);
            byte[] body = Reading.body(exchange, options.maxBody());
            Invocation invocation = Json.invocation(body);
            Consumer<Directive> live = streaming ? reply::streamed : directive -> {};
            Outcome outcome = key == null
                    ? carryOut(invocation, patience, live)
                    : replays.once(path + " " + key, body, () -> carryOut(invocation, patience, live));
            if (streaming) {
                reply.endOfStream(outcome);
            } else {
                reply.outcome(outcome);
            }
        } finally {
            slots.release();
        }
    }

    private Outcome carryOut(Invocation invocation, Integer patience, Consumer<Directive> live) {
        String name = invocation.action();
        Deadline deadline = new Deadline(patience);
        try (deadline) {
            Responder responder = new Responder(invocation.keptParams(), live);
            actions.find(name).run(invocation.turn(), responder);
            return Outcome.of(responder);
        } catch (ProblemException failed) {
            return Outcome.of(failed.problem().withAction(name));
        } catch (InterruptedException ended) {
            Problem why = deadline.passed()
                    ? Problem.named(504, "timed-out", "Action timed out", "The caller no longer waits.")
                    : stoppingSoon();
            return Outcome.of(why.withAction(name));
        } catch (Exception | StackOverflowError defect) {
            LOG.log(Level.ERROR, "an action failed", defect);
            return Outcome.of(Problem.of(500, "The action failed.").withAction(name));
        } finally {
            // Of a thread that is still interrupted, Java would close the connection instead of writing to it.
            Thread.interrupted();
        }
    }

    /** Waits a moment: a place is given back just after its answer, which its caller may already have. */
    private void takePlace() {
        try {
            if (slots.tryAcquire(100, TimeUnit.MILLISECONDS)) {
                return;
            }
        } catch (InterruptedException ended) {
            throw new ProblemException(stoppingSoon());
        }
        String full = "All " + options.concurrency() + " places are taken.";
        throw new ProblemException(Problem.unavailable(full, SOON));
    }

    private void checkTaking() {
        if (stopping) {
            throw new ProblemException(stoppingSoon());
        }
    }

    private static Problem stoppingSoon() {
        return Problem.unavailable("The server is stopping.", SOON);
    }

    private void checkToken(Headers headers) {
        if (options.token() == null) {
            return;
        }
        String given = headers.getFirst("Authorization");
        boolean bearer = given != null && given.regionMatches(true, 0, "Bearer ", 0, 7);
        byte[] token = bearer ? given.substring(7).strip().getBytes(StandardCharsets.UTF_8) : new byte[0];
        if (!MessageDigest.isEqual(token, options.token().getBytes(StandardCharsets.UTF_8))) {
            throw new ProblemException(
                    Problem.of(401, "A bearer token is needed.").withHeader("WWW-Authenticate", "Bearer"));
        }
    }

    /** The contract lets a caller see which of its attempts an answer belongs to. */
    private static void echoCallId(HttpExchange exchange) {
        String id = exchange.getRequestHeaders().getFirst("X-MM-Call-Id");
        if (id != null && id.matches("[!-~]{1,200}")) {
            exchange.getResponseHeaders().set("X-MM-Call-Id", id);
        }
    }
}
