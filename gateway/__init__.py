"""The gateway process: doors in (phone, web, branch), the heart, edges out, how it starts."""
