"""The sandbox as a mail server and as a receiver of webhooks, as any client sees it."""

import smtplib
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest


def send(sandbox, to="ada@example.com", subject="Hello", text="Text"):
    letter = EmailMessage()
    letter["To"], letter["From"], letter["Subject"] = to, "site@example.com", subject
    letter.set_content(text)
    address = urlsplit(sandbox.client.get("/").json()["mail"]["EMAIL_URL"])
    with smtplib.SMTP(address.hostname, address.port, timeout=10) as server:
        server.send_message(letter)


def test_mail_is_kept_and_found_by_recipient(sandbox):
    send(sandbox, to="ada@example.com", subject="One")
    send(sandbox, to="Bob@example.com", subject="Two")

    assert [mail["subject"] for mail in sandbox.mails()] == ["Two", "One"]
    assert [mail["subject"] for mail in sandbox.mails("bob@example.com")] == ["Two"]
    assert sandbox.mails("bob@example.co") == []
    assert sandbox.client.delete("/mail").json() == {"deleted": 2}
    assert sandbox.mails() == []


def test_a_browser_gets_a_page_on_which_no_mail_can_run_anything(sandbox):
    send(sandbox, subject="<script>alert(1)</script>", text='See http://example.com/"onclick="x and <b>bold</b>')
    page = sandbox.client.get("/mail", headers={"Accept": "text/html"}).text

    assert "<script>" not in page
    assert '"onclick=' not in page
    assert "<b>" not in page
    assert "Open http://example.com/" in page


@pytest.mark.parametrize(("fault", "code"), [("mail_reject", 550), ("mail_busy", 451)])
def test_the_mail_server_can_be_told_to_refuse(sandbox, fault, code):
    sandbox.fault("mail", fault, times=1)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(sandbox)
    assert refused.value.recipients["ada@example.com"][0] == code
    assert sandbox.mails() == []
    send(sandbox)
    assert len(sandbox.mails()) == 1


def test_webhooks_are_kept_by_name_with_headers_and_body(sandbox):
    sandbox.client.post("/hooks/shop", content=b'{"a": 1}', headers={"webhook-id": "x"})

    [taken] = sandbox.hooks("shop")
    assert (taken["id"], taken["body"], taken["headers"]["webhook-id"]) == ("x", '{"a": 1}', "x")
    assert sandbox.hooks("other") == []


def test_a_receiver_can_be_gone_or_busy(sandbox):
    sandbox.fault("hooks/shop", "hook_gone", times=1)
    assert sandbox.client.post("/hooks/shop").status_code == 410
    sandbox.fault("hooks/shop", "status_429", times=1, retry_after=7)
    answer = sandbox.client.post("/hooks/shop")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert sandbox.hooks("shop") == []
