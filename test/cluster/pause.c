/* First process of a pod: keeps its namespaces, collects what its containers orphan, ends when told. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, 0);
    for (;;) {
        int got = 0;
        if (sigwait(&all, &got) != 0) continue;
        if (got == SIGTERM || got == SIGINT) return 0;
        if (got == SIGCHLD) while (waitpid(-1, 0, WNOHANG) > 0) continue;
    }
}
