"""Signing in, second factors, passwords, sessions, limits, and the administrator's account pages."""
