package com.example.shop;

import com.example.actions.api.ActionsApiDelegate;
import com.example.actions.model.Directive;
import com.example.actions.model.Invocation;
import com.example.actions.model.Params;
import com.example.actions.model.Responder;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Service;
import org.springframework.web.server.ResponseStatusException;

/** The part that is written by hand: what the delegate of the stubs asks for. */
@Service
public class Shop implements ActionsApiDelegate {

    private record Store(String name, double miles) {}

    private static final List<Store> STORES =
            List.of(new Store("Lantern Street", 0.4), new Store("Foundry", 0.9), new Store("Old Harbour", 1.2));

    private static final Map<String, Consumer<Responder>> ACTIONS =
            Map.of("find_nearest_store", Shop::findNearestStore, "list_stores", Shop::listStores);

    @Override
    public ResponseEntity<Responder> invokeAction(
            Invocation invocation,
            String idempotencyKey,
            String timeoutMs,
            String traceparent,
            String callId,
            String hops) {
        if (invocation.getAction().isEmpty()) {
            throw new ResponseStatusException(HttpStatus.BAD_REQUEST, "The action has no name");
        }
        Consumer<Responder> action = ACTIONS.get(invocation.getAction());
        if (action == null) {
            throw new ResponseStatusException(HttpStatus.NOT_FOUND, "Unknown action");
        }
        Responder answer = new Responder().params(kept(invocation.getResponder()));
        action.accept(answer);
        return ResponseEntity.ok(answer);
    }

    private static void findNearestStore(Responder answer) {
        Store nearest = STORES.get(0);
        reply(answer, "The nearest store is " + nearest.name() + ", " + nearest.miles() + " miles away.");
        answer.putFrameItem("store", nearest.name());
        answer.putSlotsItem("store", nearest.name()).putSlotsItem("miles", nearest.miles());
    }

    private static void listStores(Responder answer) {
        reply(answer, "We have " + STORES.size() + " stores.");
        List<Map<String, String>> items =
                STORES.stream().map(store -> Map.of("title", store.name())).toList();
        answer.addDirectivesItem(new Directive().name("list").type("view").payload(items));
    }

    private static void reply(Responder answer, String text) {
        answer.addDirectivesItem(
                new Directive().name("reply").type("view").payload(Map.of("text", text)));
    }

    /** The answer holds what an action adds, not what was sent; this is what stock MindMeld would forget. */
    private static Params kept(Responder sent) {
        Params given = sent == null ? null : sent.getParams();
        if (given == null) {
            return new Params();
        }
        return new Params()
                .targetDialogueState(given.getTargetDialogueState())
                .timeZone(given.getTimeZone())
                .language(given.getLanguage())
                .locale(given.getLocale())
                .timestamp(given.getTimestamp());
    }
}
