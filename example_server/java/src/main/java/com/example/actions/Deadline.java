package com.example.actions;

import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Interrupts the thread that made it, once its caller no longer waits. */
final class Deadline implements AutoCloseable {
    private static final ScheduledThreadPoolExecutor CLOCK = clock();

    private final Thread worker = Thread.currentThread();
    private final ScheduledFuture<?> alarm;
    private boolean passed;
    private boolean closed;

    /**
     * Begins to count.
     *
     * @param milliseconds how long the caller waits; null for as long as it takes
     */
    Deadline(Integer milliseconds) {
        alarm = milliseconds == null ? null : CLOCK.schedule(this::pass, milliseconds, TimeUnit.MILLISECONDS);
    }

    synchronized boolean passed() {
        return passed;
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (alarm != null) {
            alarm.cancel(false);
        }
    }

    private synchronized void pass() {
        // After it was closed, the thread is at work for somebody else.
        if (!closed) {
            passed = true;
            worker.interrupt();
        }
    }

    private static ScheduledThreadPoolExecutor clock() {
        var clock = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "deadlines");
            thread.setDaemon(true);
            return thread;
        });
        clock.setRemoveOnCancelPolicy(true);
        return clock;
    }
}
