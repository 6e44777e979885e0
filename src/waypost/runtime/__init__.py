"""What a running process needs: logs, metrics, caches, threads, rate limits, files."""
