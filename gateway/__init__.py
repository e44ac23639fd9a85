"""The gateway process: doors in (phone, web, branch), the heart, edges out, and how it is started."""
