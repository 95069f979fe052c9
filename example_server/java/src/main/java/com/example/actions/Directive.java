package com.example.actions;

import com.fasterxml.jackson.annotation.JsonInclude;

/**
 * Something for the front end to show or do.
 *
 * @param name {@code reply}, {@code list}, {@code suggestions}, {@code listen}, ...
 * @param type {@code view} or {@code action}
 * @param payload any value that becomes JSON; null for none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Directive(String name, String type, Object payload) {}
