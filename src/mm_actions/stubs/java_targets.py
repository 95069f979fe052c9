"""Java and Kotlin."""

from __future__ import annotations

from mm_actions.stubs.mending import Remove, Replace
from mm_actions.stubs.target import PackageForm, Target

_FORM = PackageForm(words="a Java package", pattern=r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")
_PACKAGE = "com.example.actions"
_JACKSON = "com.fasterxml.jackson.annotation"
_LENIENT_AND_STRICT = (
    f"@{_JACKSON}.JsonIgnoreProperties(ignoreUnknown = true);"
    f"@{_JACKSON}.JsonInclude({_JACKSON}.JsonInclude.Include.NON_NULL)"
)
_COMMON = {
    "openApiNullable": "false",  # its JsonNullable answers null, and needs a library
    # Members that are not known are ignored, and those that are null left out.
    "additionalModelTypeAnnotations": _LENIENT_AND_STRICT,
    "groupId": "com.example",
    "modelPackage": "<package>.model",
    "apiPackage": "<package>.api",
    "invokerPackage": "<package>",
}
_MAVEN = ("mvn -B -q package",)

SPRING = Target(
    language="java-spring",
    makes="Server in Java: Spring Boot 3, one delegate to fill in",
    generator="spring",
    package=_PACKAGE,
    form=_FORM,
    options={
        **_COMMON,
        "artifactId": "action-server",
        "basePackage": "<package>",
        "configPackage": "<package>.config",
        "useSpringBoot3": "true",
        "useTags": "true",
        "delegatePattern": "true",
        # With a constructor of one string, Jackson takes a string for an invocation.
        "generatedConstructorWithRequiredArgs": "false",
        "documentationProvider": "none",
    },
    steps=(
        Replace(
            why="an operation without a delegate answers 404, not an invented example",
            files=("src/main/java/<path>/api/*ApiDelegate.java",),
            pattern=r"^        getRequest\(\)\.ifPresent\(request -> \{\n(?:.*\n)*?^        \}\);\n"
            r"        return new ResponseEntity<>\(HttpStatus\.NOT_IMPLEMENTED\);\n",
            by=r"        return new ResponseEntity<>(HttpStatus.NOT_FOUND);\n",
        ),
        Replace(
            why="refusals are problems (RFC 9457)",
            files=("src/main/resources/application.properties",),
            pattern=r"^server\.port=8080$",
            by="server.port=8080\nspring.mvc.problemdetails.enabled=true",
        ),
        Remove(
            why="a start page for a document that is not there, and a test of nothing",
            files=("src/main/java/<path>/config/HomeController.java", "src/test"),
        ),
    ),
    build=_MAVEN,
)

JAXRS = Target(
    language="java-jaxrs",
    makes="Server in Java: JAX-RS 3.1 interfaces, for any Jakarta EE 10 server",
    generator="jaxrs-spec",
    package=_PACKAGE,
    form=_FORM,
    options={
        **_COMMON,
        "artifactId": "action-server-api",
        "useJakartaEe": "true",
        "useTags": "true",
        "interfaceOnly": "true",
        "returnResponse": "true",
        "useSwaggerAnnotations": "false",
    },
    steps=(
        Replace(
            why="Jakarta EE 10 has no Java 8",
            files=("pom.xml",),
            pattern=r"<java\.version>1\.8</java\.version>",
            by="<java.version>11</java.version>",
        ),
    ),
    build=_MAVEN,
)

CLIENT = Target(
    language="java-client",
    makes="Client in Java: the JDK's HttpClient and Jackson",
    generator="java",
    package=_PACKAGE,
    form=_FORM,
    options={
        **_COMMON,
        "artifactId": "action-client",
        "library": "native",
        "useJakartaEe": "true",
    },
    steps=(
        Remove(
            why="Maven builds it; nothing else is needed",
            files=(
                "build.gradle",
                "build.sbt",
                "git_push.sh",
                "gradle*",
                "settings.gradle",
                "src/main/AndroidManifest.xml",
                ".github",
                ".travis.yml",
            ),
        ),
    ),
    build=_MAVEN,
)

KOTLIN = Target(
    language="kotlin",
    makes="Server in Kotlin: Spring Boot 3, one delegate to fill in",
    generator="kotlin-spring",
    package=_PACKAGE,
    form=_FORM,
    options={
        **_COMMON,
        "artifactId": "action-server",
        "basePackage": "<package>",
        "packageName": "<package>",
        "configPackage": "<package>.config",
        "useSpringBoot3": "true",
        "useTags": "true",
        "delegatePattern": "true",
        "documentationProvider": "none",
    },
    steps=(
        Replace(
            why="an operation without a delegate answers 404, not an invented example",
            files=("src/main/kotlin/<path>/api/*ApiDelegate.kt",),
            pattern=r"^        getRequest\(\)\.ifPresent \{ request ->\n(?:.*\n)*?^        \}\n"
            r"        return ResponseEntity\(HttpStatus\.NOT_IMPLEMENTED\)\n",
            by=r"        return ResponseEntity(HttpStatus.NOT_FOUND)\n",
        ),
        Replace(
            why="refusals are problems (RFC 9457)",
            files=("src/main/resources/application.yaml",),
            pattern=r"^spring:$",
            by="spring:\n  mvc:\n    problemdetails:\n      enabled: true",
        ),
        Replace(
            why="releases are all it needs, and Maven Central has them",
            files=("pom.xml",),
            pattern=r"^ *<repositories>(?:.*\n)*? *</pluginRepositories>\n",
            by="",
        ),
        Remove(
            why="Maven builds it; nothing else is needed",
            files=("build.gradle.kts", "gradle*", "settings.gradle"),
        ),
    ),
    build=_MAVEN,
)
