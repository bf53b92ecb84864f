"""Telling people and their software what changed: subscriptions by e-mail, webhooks, and what they are sent."""
