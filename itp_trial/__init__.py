"""Settings, URLs, the protocol's parameters, people and sites, and who is acting."""
