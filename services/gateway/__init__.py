"""The one public origin: routes pages, API and OAuth to their processes; checks tokens; streams both ways."""
