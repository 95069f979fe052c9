"""Our actions as tools of an MCP server, over streamable HTTP and over pipes. Needs the extra `mcp`."""
