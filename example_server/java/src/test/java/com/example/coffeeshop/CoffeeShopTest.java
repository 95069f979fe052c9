package com.example.coffeeshop;

import static com.example.actions.Caller.json;
import static com.example.actions.Caller.said;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.example.actions.ActionServer;
import com.example.actions.Caller;
import com.example.actions.Options;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.security.GeneralSecurityException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class CoffeeShopTest {
    private static ActionServer server;
    private static Caller caller;

    @BeforeAll
    static void start() throws IOException, GeneralSecurityException {
        server = ActionServer.start(CoffeeShop.actions(true), Options.of("--port", "0"));
        caller = new Caller(server);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static HttpResponse<String> play(String action, String frame, String... entities) throws Exception {
        return caller.post("{\"action\": \"" + action + "\", \"request\": {\"frame\": " + frame + ", \"entities\": ["
                + String.join(", ", entities) + "]}}");
    }

    private static String entity(String type, String name) {
        return "{\"type\": \"" + type + "\", \"text\": \"" + name + "\", \"value\": [{\"cname\": \"" + name + "\"}]}";
    }

    @Test
    void anOrderGrowsInTheFrameFromTurnToTurn() throws Exception {
        String frame = json(play("start_order", "{}", entity("store_name", "Old Mill"))).path("frame").toString();
        var added = play(
                "add_to_order",
                frame,
                entity("drink", "latte"),
                entity("size", "large"),
                entity("milk", "oat milk"),
                "{\"type\": \"sys_number\", \"value\": [{\"value\": 2}]}");
        assertEquals("I added 2 large lattes with oat milk. Your order has 2 items.", said(added));
        var more = play("add_to_order", json(added).path("frame").toString(), entity("drink", "mocha"));
        var confirmed = play("confirm_order", json(more).path("frame").toString());
        assertEquals("Your order of $15.45 is confirmed. Pick it up at Old Mill in ten minutes.", said(confirmed));
    }

    @ParameterizedTest
    @CsvSource({"0, 1", "-3, 1", "2.9, 2", "1e300, 50", "true, 1", "'\"7\"', 7", "'\"x\"', 1", "null, 1", "[], 1"})
    void aQuantityStaysWithinReason(String value, int quantity) throws Exception {
        String number = "{\"type\": \"sys_number\", \"value\": [{\"value\": " + value + "}]}";
        JsonNode answer = json(play("add_to_order", "{}", entity("drink", "latte"), number));
        assertEquals(quantity, answer.at("/slots/quantity").intValue());
    }

    @ParameterizedTest
    @CsvSource({
        "2026-01-03T09:00:00.000-08:00, is open on Saturday at 09:00",
        "2026-01-05T07:00:00-08:00, is closed on Monday at 07:00",
        "2026-01-05T17:00:00, is closed on Monday at 17:00",
        "whenever, is open 08:00 to 17:00 on weekdays"
    })
    void openingHoursAreToldForTheTimeAskedAbout(String moment, String told) throws Exception {
        String time = "{\"type\": \"sys_time\", \"value\": [{\"value\": \"" + moment + "\"}]}";
        String said = said(play("get_store_hours", "{\"store\": \"Old Mill\"}", time));
        assertEquals("Old Mill " + told, said.substring(0, Math.min(said.length(), told.length() + 9)));
    }

    @Test
    void thePriceComesFromTheMenuAndNotFromTheFrame() throws Exception {
        String frame =
                "{\"order\": {\"items\": [\"scone\", 5, {\"item\": \"latte\", \"price\": 0.01, \"quantity\": 99}]}}";
        assertEquals("That makes $7.50.", said(play("price_order", frame)));
    }

    @Test
    void aFailedPaymentSaysWhenToTryAgain() throws Exception {
        assertEquals(422, play("charge_card", "{}").statusCode());
        var answer = play("charge_card", "{\"order\": {\"items\": [\"latte\"]}}");
        assertEquals(503, answer.statusCode());
        assertEquals("30", answer.headers().firstValue("Retry-After").orElseThrow());
    }

    @Test
    void withKnownOnlyANameThatIsNotThereIsNotFound() throws Exception {
        assertEquals(404, play("action_fly", "{}").statusCode());
    }
}
