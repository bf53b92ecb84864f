"""What tools people already run can read: Statuspage's Status API v2, feeds, a calendar, badges."""
