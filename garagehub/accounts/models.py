"""People who sign in. The e-mail address is the name; there is no separate username."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Creates users by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person without admin rights; without a password they can only sign in after a reset."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An admin with every right."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        """Sign-in by e-mail address, in any letter case."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person at a garage, a dealer, or on our own staff."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField("e-mail address", max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField("admin", default=False, help_text="May sign in to the admin.")
    is_active = models.BooleanField("active", default=True, help_text="Untick to shut a person out; never delete.")
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("email"), name="accounts_user_email_unique")]

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        """The name shown on pages."""
        return self.name or self.email

    def get_short_name(self) -> str:
        """What the admin's header greets with."""
        return self.name or self.email


class Session(models.Model):
    """A browser's session. Its key is the SHA-256 of the one in the cookie: a copy of this table signs nobody in."""

    key_digest = models.CharField(max_length=64, primary_key=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="sessions")
    data = models.TextField()
    device = models.CharField(max_length=80, blank=True)
    signed_in_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["expires_at"], name="accounts_session_expires")]


class Authenticator(models.Model):
    """The app that makes a person's sign-in codes (TOTP, RFC 6238).

    The secret it shares with us is derived from `seed` and the site's own key, so it stands in no table.
    """

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="authenticator")
    seed = models.CharField(max_length=43, editable=False)
    last_step = models.BigIntegerField(default=0, help_text="The time step of the last code used: none is taken twice.")
    confirmed_at = models.DateTimeField()


class RecoveryCode(models.Model):
    """A code for the day the phone is lost. Works once; only its SHA-256 is stored, since it has 80 random bits."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64, editable=False)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "digest"], name="accounts_recovery_code_once")]


class TryCount(models.Model):
    """How often somebody tried something. Here and not in a cache, so that no limit falls when a cache does."""

    subject = models.CharField(max_length=64, primary_key=True, help_text="A keyed hash of what and who.")
    count = models.PositiveIntegerField()
    until = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["until"], name="accounts_trycount_until")]


class KeptReply(models.Model):
    """What a call with an `Idempotency-Key` was answered, so that the same call sent again does nothing more."""

    caller = models.CharField(max_length=60, help_text="A key or an account.")
    key = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, help_text="SHA-256 of method, address and body.")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["caller", "key"], name="accounts_keptreply_once")]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="accounts_keptreply_created")]
