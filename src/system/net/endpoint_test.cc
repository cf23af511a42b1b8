#include "system/net/endpoint.h"

#include <doctest/doctest.h>
