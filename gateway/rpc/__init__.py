"""The gRPC door: the same services, with deadlines and cancellation."""
