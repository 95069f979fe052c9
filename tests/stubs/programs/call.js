const { ActionsApi, Configuration } = require("./dist");

async function main() {
    const api = new ActionsApi(new Configuration({ basePath: process.argv[2] }));
    const answer = await api.invokeAction({ invocation: { action: "list_stores" } });
    const catalogue = await api.listActions();
    console.log(answer.directives[0].name, catalogue.actions.length > 5);
}

main();
