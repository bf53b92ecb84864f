"""PostgreSQL and Redis for one machine, and the supervisor behind `make run`. Knows nothing of Django."""
