"""TypeScript, Rust, C# and Python."""

from __future__ import annotations

from mm_actions.stubs.mending import Remove, Replace, Write
from mm_actions.stubs.target import PackageForm, Target

TYPESCRIPT = Target(
    language="typescript-fetch",
    makes="Client and types in TypeScript: fetch, no dependency",
    generator="typescript-fetch",
    package="action-client",
    form=PackageForm(words="an npm package", pattern=r"(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*"),
    options={
        "npmName": "<package>",
        "npmVersion": "1.0.0",
        "supportsES6": "true",
    },
    steps=(
        Replace(
            why="no repository that is not there",
            files=("package.json",),
            pattern=r'^  "repository": \{\n(?:.*\n)*?  \},\n',
            by="",
        ),
        Replace(
            why="TypeScript 5 and newer compile it",
            files=("package.json",),
            pattern=r'"typescript": "\^4\.0 \|\| \^5\.0"',
            by='"typescript": ">=5.0"',
        ),
    ),
    build=("npm install", "npm run build"),
)

_BODY_OR_400 = """\
          body: Result<Json<models::Invocation>, rejection::JsonRejection>,
\\1    let Json(body) = match body {
        Ok(body) => body,
        Err(error) => {
            let status = match error {
                rejection::JsonRejection::JsonDataError(_) => StatusCode::BAD_REQUEST,
                other => other.status(),
            };
            let problem = serde_json::json!({"title": "Invalid request", "status": status.as_u16()});
            return Response::builder()
                .status(status)
                .header(CONTENT_TYPE, "application/problem+json")
                .body(Body::from(problem.to_string()))
                .map_err(|e| { error!(error = ?e); StatusCode::INTERNAL_SERVER_ERROR });
        }
    };
"""

RUST = Target(
    language="rust-axum",
    makes="Server in Rust: axum 0.8, one trait to fill in",
    generator="rust-axum",
    package="action-server",
    form=PackageForm(words="the name of a crate", pattern=r"[a-z][a-z0-9_-]*"),
    options={
        "packageName": "<package>",
        "packageVersion": "1.0.0",
        # It refuses texts that hold markup, though any text may be said.
        "disableValidator": "true",
    },
    steps=(
        Replace(
            why="a body that is not an invocation is a 400, and a problem",
            files=("src/server/mod.rs",),
            pattern=r"^          Json\(body\): Json<models::Invocation>,\n((?:.*\n)*?^        \{\n)",
            by=_BODY_OR_400,
        ),
    ),
    build=("cargo check",),
)

CSHARP = Target(
    language="csharp",
    makes="Server in C#: ASP.NET Core 8, one controller to fill in",
    generator="aspnetcore",
    package="ActionServer",
    form=PackageForm(words="a C# namespace", pattern=r"[A-Z]\w*(\.[A-Z]\w*)*"),
    options={
        "packageName": "<package>",
        "packageGuid": "{5D0B3C9E-6E0F-4B0B-9A53-6D6D2D616374}",
        "aspnetCoreVersion": "8.0",
        "useSwashbuckle": "false",
    },
    steps=(
        Replace(
            why="what is null is left out, and the keys of frame and slots stay as they are",
            files=("src/<package>/Startup.cs",),
            pattern=r"^( *opts\.SerializerSettings\.)ContractResolver = new CamelCaseProperty.*;$",
            by=r"\1NullValueHandling = Newtonsoft.Json.NullValueHandling.Ignore;"
            "\n"
            r"\1ContractResolver = new DefaultContractResolver();",
        ),
        Replace(
            why="a number that is another one each time",
            files=("src/<package>/<package>.csproj",),
            pattern=r"^ *<UserSecretsId>.*\n",
            by="",
        ),
    ),
    build=("dotnet build src/<package>",),
    tested=False,
)

_REQUIREMENTS = "fastapi>=0.115\npydantic>=2\nuvicorn>=0.30\n"

_REFUSALS = '''\


@app.exception_handler(RequestValidationError)
async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer 400 to a body that is not an invocation."""
    errors = [
        {"pointer": "/" + "/".join(map(str, each["loc"][1:])), "detail": each["msg"]}
        for each in error.errors()
    ]
    problem = {"title": "Invalid request", "status": 400, "errors": errors}
    return JSONResponse(problem, 400, media_type="application/problem+json")
'''

FASTAPI = Target(
    language="python-fastapi",
    makes="Server in Python: FastAPI, one class to fill in",
    generator="python-fastapi",
    package="action_server",
    form=PackageForm(words="a Python package", pattern=r"[a-z_][a-z0-9_]*"),
    options={
        "packageName": "<package>",
        "packageVersion": "1.0.0",
    },
    steps=(
        Replace(
            why="what is null is left out",
            files=("src/<package>/apis/*_api.py",),
            pattern=r"^    response_model_by_alias=True,\n",
            by="    response_model_by_alias=True,\n    response_model_exclude_none=True,\n",
        ),
        Replace(
            why="a body that is not an invocation is a 400: what it needs",
            files=("src/<package>/main.py",),
            pattern=r"^from fastapi import FastAPI\n",
            by="from fastapi import FastAPI, Request\nfrom fastapi.exceptions import RequestValidationError\n"
            "from fastapi.responses import JSONResponse\n",
        ),
        Replace(
            why="a body that is not an invocation is a 400",
            files=("src/<package>/main.py",),
            pattern=r"^(app\.include_router\(.*\)\n)(?![\s\S]*^app\.include_router)",
            by=r"\1" + _REFUSALS.replace("\\", r"\\"),
        ),
        Replace(
            why="a version as packaging tools read it",
            files=("setup.cfg",),
            pattern=r"^python_requires = >= 3\.10\.\*$",
            by="python_requires = >=3.10",
        ),
        Write(why="what it needs, and no old versions", file="requirements.txt", text=_REQUIREMENTS),
        Remove(why="nothing is built with them", files=("Dockerfile", "docker-compose.yaml", "tests")),
    ),
    build=("python -m pip install -r requirements.txt", "PYTHONPATH=src python -c 'import <package>.main'"),
)
