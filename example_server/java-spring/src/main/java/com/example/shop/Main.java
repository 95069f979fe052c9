package com.example.shop;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.context.WebServerInitializedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;

/** The server: the controller of the stubs, and the actions of this package. */
@SpringBootApplication(scanBasePackages = {"com.example.shop", "com.example.actions.api"})
public class Main {

    private final Environment environment;

    Main(Environment environment) {
        this.environment = environment;
    }

    public static void main(String[] arguments) {
        SpringApplication.run(Main.class, arguments);
    }

    @EventListener
    void tellWhere(WebServerInitializedEvent event) {
        String scheme = environment.containsProperty("server.ssl.certificate") ? "https" : "http";
        String host = environment.getProperty("server.address", "localhost");
        System.out.println("listening on " + scheme + "://" + host + ":" + event.getWebServer().getPort());
    }
}
