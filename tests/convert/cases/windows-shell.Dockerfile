# escape=`
FROM mcr.microsoft.com/windows/nanoserver:ltsc2022
WORKDIR C:\app
COPY a.exe .
ENTRYPOINT ["C:\\app\\a.exe"]
