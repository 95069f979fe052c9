"""The words of the Model Context Protocol: arguments of tools, results, progress. No I/O."""
