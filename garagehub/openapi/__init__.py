"""The API's description of itself: what serializers cannot say of errors, headers and examples."""
