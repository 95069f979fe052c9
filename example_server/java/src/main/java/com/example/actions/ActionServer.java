package com.example.actions;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Serves actions over HTTP until it is closed. */
public final class ActionServer implements AutoCloseable {
    private static final int BACKLOG = 1024;
    /** Threads beside those that actions may take: a full server says that it is, and senders may be slow. */
    private static final int SPARE_THREADS = 192;

    /** For the answers of what was interrupted. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    static {
        // What the JDK's server knows as system properties only, and reads once.
        setUnlessSet("sun.net.httpserver.nodelay", "true"); // else small answers wait for an acknowledgement
        setUnlessSet("sun.net.httpserver.maxReqTime", "30"); // seconds for a request to arrive
        setUnlessSet("sun.net.httpserver.maxRspTime", "120"); // seconds from there to the end of the answer
        // Bytes of a refused body that are still taken, so that its sender lives to read the refusal.
        setUnlessSet("sun.net.httpserver.drainAmount", Integer.toString(32 * 1024 * 1024));
    }

    private final HttpServer http;
    private final Door door;
    private final ThreadPoolExecutor threads;
    private final Duration grace;
    private final String url;

    private ActionServer(HttpServer http, Door door, ThreadPoolExecutor threads, Duration grace, String url) {
        this.http = http;
        this.door = door;
        this.threads = threads;
        this.grace = grace;
        this.url = url;
    }

    /**
     * Starts a server, which listens when this returns.
     *
     * @throws IOException the address cannot be had, or a file cannot be read
     * @throws GeneralSecurityException a certificate or a key is not what it should be
     */
    public static ActionServer start(Actions actions, Options options)
            throws IOException, GeneralSecurityException {
        var address = new InetSocketAddress(InetAddress.getByName(options.host()), options.port());
        HttpServer http;
        if (options.tlsCert() == null) {
            http = HttpServer.create(address, BACKLOG);
        } else {
            // Before the port is taken, so that a wrong file leaves nothing open.
            var tls = Tls.configurator(options.tlsCert(), options.tlsKey(), options.clientCa());
            HttpsServer https = HttpsServer.create(address, BACKLOG);
            https.setHttpsConfigurator(tls);
            http = https;
        }
        int size = options.concurrency() + SPARE_THREADS;
        var threads = new ThreadPoolExecutor(
                size, size, 60, TimeUnit.SECONDS, new LinkedBlockingQueue<>(BACKLOG));
        threads.allowCoreThreadTimeOut(true);
        Door door = new Door(actions, options);
        http.createContext("/", door);
        http.setExecutor(threads);
        http.start();
        String scheme = options.tlsCert() == null ? "http" : "https";
        String host = options.host().contains(":") ? "[" + options.host() + "]" : options.host();
        String url = scheme + "://" + host + ":" + http.getAddress().getPort();
        return new ActionServer(http, door, threads, options.grace(), url);
    }

    /** Where it listens: scheme, host and port. */
    public String url() {
        return url;
    }

    /**
     * Stops: no longer ready at once, invocations in progress are answered, and those that take longer than the
     * grace are interrupted.
     */
    @Override
    public void close() {
        door.stopTaking();
        try {
            boolean quiet = door.awaitQuiet(grace);
            threads.shutdownNow();
            if (!quiet) {
                door.awaitQuiet(LAST_WORDS);
            }
        } catch (InterruptedException impatient) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
        }
        http.stop(0);
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }
}
