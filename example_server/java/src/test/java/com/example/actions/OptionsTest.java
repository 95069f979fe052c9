package com.example.actions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {
    @Test
    void aFlagCountsMoreThanTheEnvironment() {
        var environment = Map.of("ACTION_SERVER_PORT", "1", "ACTION_SERVER_HOST", "::1", "ACTION_SERVER_TOKEN", "");
        Options options = Options.parse(List.of("--port=2"), environment);
        assertEquals(2, options.port());
        assertEquals("::1", options.host());
        assertEquals(null, options.token());
    }

    @ParameterizedTest
    @ValueSource(strings = {"--port=x", "--port=70000", "--prt=1", "port", "--port", "--tls-cert=a", "--client-ca=a"})
    void aSettingThatCannotWorkIsRefused(String flag) {
        assertThrows(IllegalArgumentException.class, () -> Options.of(flag));
    }

    @Test
    void theTokenDoesNotShow() {
        assertFalse(Options.of("--token", "s3cret").toString().contains("s3cret"));
    }
}
