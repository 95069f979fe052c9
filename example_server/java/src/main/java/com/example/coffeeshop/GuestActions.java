package com.example.coffeeshop;

import static com.example.actions.Entity.textOf;

import com.example.actions.Request;
import com.example.actions.Responder;
import com.example.coffeeshop.Shop.Item;
import com.example.coffeeshop.Shop.Member;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Actions about the one who asks. */
final class GuestActions {
    private GuestActions() {}

    static void loyaltyPoints(Request request, Responder responder) {
        Optional<Member> guest = guest(request);
        if (guest.isEmpty()) {
            responder.reply("You have no loyalty points yet.").slot("points", 0);
            return;
        }
        Member member = guest.get();
        responder
                .reply(member.name() + ", you have " + member.points() + " points.")
                .slot("name", member.name())
                .slot("points", member.points());
    }

    /** Recommends something of the taste named, else the user's usual, else a latte. */
    static void recommendDrink(Request request, Responder responder) {
        Set<String> tastes = request.entity("taste", "flavor", "mood", "temperature")
                .map(entity -> Shop.folded(entity.words().stream()))
                .orElse(Set.of());
        String drink = Shop.MENU.stream()
                .filter(item -> !Collections.disjoint(item.tags(), tastes))
                .map(Item::name)
                .findFirst()
                .or(() -> guest(request).map(Member::usual))
                .orElse("latte");
        responder
                .reply("How about a " + drink + "?")
                .suggestions("a " + drink + ", please", "something else")
                .slot("drink", drink);
    }

    /** Greets, and sets up the session: who it is, language, locale and time zone. */
    static void openSession(Request request, Responder responder) {
        Optional<Member> guest = guest(request);
        String name = guest.map(Member::name)
                .or(() -> textOf(request.context().path("user").path("name")))
                .orElse("there");
        responder
                .reply("Hello " + name + ", welcome to the coffee shop.")
                .suggestions("find the nearest store", "start an order")
                .frame("session", Map.of("name", name, "member", guest.isPresent()))
                .slot("name", name)
                .language("en")
                .locale("en_US")
                .timeZone(Shop.TIME_ZONE);
    }

    private static Optional<Member> guest(Request request) {
        return textOf(request.context().path("user").path("id")).map(Shop.MEMBERS::get);
    }
}
