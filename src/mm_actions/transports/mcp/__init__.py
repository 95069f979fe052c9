"""Tools of MCP servers as actions, over streamable HTTP and over the pipes of a command."""
