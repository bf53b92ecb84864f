"""The worker that tests may ask for is a real one, on the tests' own database and broker."""

import pytest

from garagehub.celery import app


@pytest.mark.drill
@pytest.mark.django_db(transaction=True)
def test_the_worker_answers_over_the_tests_broker_and_knows_our_tasks(worker_process):
    answers = app.control.inspect(timeout=10).registered()

    assert len(answers) == 1
    tasks = next(iter(answers.values()))
    assert {"parts.tasks.drain", "dealers.tasks.run_due_probes"} <= set(tasks)
