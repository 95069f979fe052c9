package com.example.coffeeshop;

import com.example.actions.ActionServer;
import com.example.actions.Options;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.List;

/** Serves the coffee shop's actions until SIGTERM or SIGINT. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        if (List.of(arguments).contains("--help")) {
            System.out.print(Options.USAGE);
            return;
        }
        try {
            Options options = Options.parse(List.of(arguments), System.getenv());
            ActionServer server = ActionServer.start(CoffeeShop.actions(options.knownOnly()), options);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(server)));
            System.out.println("listening on " + server.url());
        } catch (IllegalArgumentException error) {
            System.err.println(error.getMessage() + "\n" + Options.USAGE);
            System.exit(2);
        } catch (IOException | GeneralSecurityException error) {
            System.err.println("the server cannot go on: " + error);
            System.exit(1);
        }
    }

    private static void stop(ActionServer server) {
        server.close();
        // A clean stop is exit code 0; by itself Java would end with 143 after SIGTERM.
        Runtime.getRuntime().halt(0);
    }
}
