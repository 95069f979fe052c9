package com.example.actions;

import static com.example.actions.Caller.json;
import static com.example.actions.Caller.said;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ActionServerTest {
    private final CountDownLatch entered = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);
    private final AtomicInteger runs = new AtomicInteger();
    private ActionServer server;
    private Caller caller;

    @BeforeEach
    void start() throws IOException, GeneralSecurityException {
        Actions actions = new Actions()
                .add("greet", "Greet.", (request, responder) -> responder.reply("Hello " + request.text()))
                .add("silent", "Say nothing.", (request, responder) -> runs.incrementAndGet())
                .add("broken", "Fail.", (request, responder) -> {
                    throw new IllegalStateException("the password is 1234");
                })
                .add("closed", "Refuse.", (request, responder) -> {
                    throw new ProblemException(422, "We are closed.");
                })
                .add("wait", "Wait.", this::await)
                .add("half", "Fail after a word.", (request, responder) -> {
                    responder.reply("So");
                    throw new ProblemException(422, "No.");
                });
        server = ActionServer.start(
                actions,
                Options.of("--port", "0", "--concurrency", "1", "--max-body", "1000", "--grace", "0.1"));
        caller = new Caller(server);
    }

    @AfterEach
    void stop() {
        released.countDown();
        server.close();
    }

    private void await(Request request, Responder responder) throws InterruptedException {
        responder.reply("Please wait.");
        entered.countDown();
        assertTrue(released.await(30, TimeUnit.SECONDS));
        responder.reply("Done.");
    }

    @Test
    void anActionReadsTheRequestAndAnswers() throws Exception {
        var answer = caller.post("{\"action\": \"greet\", \"request\": {\"text\": \"caffè 🥐\"}}");
        assertEquals(200, answer.statusCode());
        assertEquals("Hello caffè 🥐", said(answer));
    }

    @Test
    void allFourMembersOfAnAnswerAreThereAndNoneIsNull() throws Exception {
        var answer = caller.post(
                """
                {"action": "silent", "request": null, "responder": {"directives": [{"name": "reply"}], "frame": null,
                 "slots": {"a": 1}, "params": {"language": "it", "locale": null, "allowed_intents": ["a.b"],
                 "timestamp": "1546300800000", "unknown": 1}}}""");
        assertEquals(
                "{\"directives\":[],\"frame\":{},"
                        + "\"params\":{\"language\":\"it\",\"timestamp\":1546300800000},\"slots\":{}}",
                answer.body());
    }

    @Test
    void aNameThatIsNotThereIsNotFound() throws Exception {
        JsonNode problem = json(caller.post("{\"action\": \"fly\"}"));
        assertEquals(404, problem.path("status").intValue());
        assertEquals("fly", problem.path("action").textValue());
    }

    @Test
    void aDefectTellsTheCallerNothingOfItself() throws Exception {
        var answer = caller.post("{\"action\": \"broken\"}");
        assertEquals(500, answer.statusCode());
        assertFalse(answer.body().contains("1234"));
        assertEquals("The action failed.", json(answer).path("detail").textValue());
    }

    @Test
    void anActionChoosesItsFailure() throws Exception {
        var answer = caller.post("{\"action\": \"closed\"}");
        assertEquals(422, answer.statusCode());
        assertEquals("We are closed.", json(answer).path("detail").textValue());
        assertEquals("application/problem+json", answer.headers().firstValue("Content-Type").orElseThrow());
    }

    @Test
    void aFullServerSaysWhenToTryAgainAndIsStillAlive() throws Exception {
        var first = caller.postInBackground("{\"action\": \"wait\"}");
        assertTrue(entered.await(30, TimeUnit.SECONDS));
        var refused = caller.post("{\"action\": \"silent\"}");
        assertEquals(503, refused.statusCode());
        assertEquals("1", refused.headers().firstValue("Retry-After").orElseThrow());
        assertEquals(200, caller.get("/healthz").statusCode());
        released.countDown();
        assertEquals(200, first.get(30, TimeUnit.SECONDS).statusCode());
    }

    @Test
    void aBodyOverTheLimitIsTooLarge() throws Exception {
        String text = "x".repeat(2000);
        var answer = caller.post("{\"action\": \"greet\", \"request\": {\"text\": \"" + text + "\"}}");
        assertEquals(413, answer.statusCode());
        assertEquals(200, caller.post("{\"action\": \"silent\"}").statusCode());
    }

    @Test
    void aDirectiveIsStreamedBeforeItsActionIsDone() throws Exception {
        var answer = caller.stream("{\"action\": \"wait\"}");
        try (var lines = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
            assertTrue(lines.readLine().contains("Please wait."));
            assertEquals(1, released.getCount(), "the action has not been let go on");
            released.countDown();
            assertTrue(lines.readLine().contains("Done."));
            assertTrue(lines.readLine().startsWith("{\"event\":\"result\",\"responder\":{\"directives\":[{"));
        }
    }

    @Test
    void aStreamThatFailsEndsWithTheProblem() throws Exception {
        var answer = caller.stream("{\"action\": \"half\"}");
        String events = new String(answer.body().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(2, events.lines().count());
        assertTrue(events.lines().toList().get(1).startsWith("{\"event\":\"error\",\"problem\":{"));
    }

    @Test
    void aRepeatedStreamIsTheFirstOneAgain() throws Exception {
        released.countDown();
        String body = "{\"action\": \"wait\"}";
        var first = caller.stream(body, "Idempotency-Key", "k").body().readAllBytes();
        var second = caller.stream(body, "Idempotency-Key", "k").body().readAllBytes();
        assertEquals(new String(first, StandardCharsets.UTF_8), new String(second, StandardCharsets.UTF_8));
    }

    @Test
    void aRepeatedRequestRunsOnce() throws Exception {
        for (int time = 0; time < 3; time++) {
            assertEquals(200, caller.post("{\"action\": \"silent\"}", "Idempotency-Key", "k").statusCode());
        }
        assertEquals(1, runs.get());
        assertEquals(422, caller.post("{\"action\": \"greet\"}", "Idempotency-Key", "k").statusCode());
    }

    @Test
    void anActionThatTakesTooLongIsInterruptedAndAnsweredWhenTheServerStops() throws Exception {
        var running = caller.postInBackground("{\"action\": \"wait\"}");
        assertTrue(entered.await(30, TimeUnit.SECONDS));
        server.close();
        assertEquals(503, running.get(30, TimeUnit.SECONDS).statusCode());
        assertThrows(IOException.class, () -> caller.get("/healthz"));
    }

    @Test
    void anActionIsInterruptedWhenTheCallerNoLongerWaits() throws Exception {
        var answer = caller.post("{\"action\": \"wait\"}", "X-MM-Timeout-Ms", "50");
        assertEquals(504, answer.statusCode());
        assertEquals("wait", json(answer).path("action").textValue());
        assertEquals(200, caller.post("{\"action\": \"silent\"}", "X-MM-Timeout-Ms", "50").statusCode());
    }

    @Test
    void theCatalogueListsTheActions() throws Exception {
        JsonNode first = json(caller.get("/actions")).at("/actions/0");
        assertEquals("{\"name\":\"greet\",\"description\":\"Greet.\",\"idempotent\":true}", first.toString());
    }

    @Test
    void twoActionsOfOneNameAreAMistake() {
        Action nothing = (request, responder) -> {};
        Actions actions = new Actions().add("a", "One.", nothing);
        assertThrows(IllegalArgumentException.class, () -> actions.add("a", "Two.", nothing));
    }
}
